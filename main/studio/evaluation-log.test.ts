import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRecords, RecordLog, type StoredRecord } from './evaluation-log.ts';

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'records-'))));
afterAll(() => rm(dir, { recursive: true }));

const record = (index: number): StoredRecord => ({
  cell: 'a-g1', index, prompt: 'ein grüner Ball\n船', seed: 7, facts: { kind: index % 2 === 0 }, allCorrect: false, seen: 'nothing', ms: 1.5, objects: 1, nfe: 4,
  features: [0.25, -1], saturation: 0.5, contrast: 0, scores: { taste: -3 }, device: 'cpu', threads: 2, runtime: '1.30.0', pixelSha256: 'ab',
});

async function written(name: string, count: number): Promise<string> {
  const path = join(dir, name);
  const { log, records } = await RecordLog.open(path);
  expect(records).toEqual([]);
  for (let i = 0; i < count; i++) await log.append(record(i));
  await log.close();
  return path;
}

it('gives back what was appended, from the start or from where a reader was', async () => {
  const path = await written('whole.jsonl', 20);
  const { records, end } = await readRecords(path);
  expect(records).toEqual(Array.from({ length: 20 }, (_, i) => record(i)));
  expect(await readRecords(path, end)).toEqual({ records: [], end });
  const { log } = await RecordLog.open(path);
  await log.append(record(20));
  expect((await readRecords(path, end)).records).toEqual([record(20)]);
  await log.close();
  expect(await readRecords(join(dir, 'none.jsonl'))).toEqual({ records: [], end: 0 });
});

it('keeps every whole record wherever the file was cut off, and goes on behind them', async () => {
  const path = await written('cut.jsonl', 3);
  const bytes = await readFile(path);
  const lineEnds = [...bytes.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
  for (const length of [0, 1, lineEnds[0]! - 1, lineEnds[0]!, lineEnds[0]! + 5, lineEnds[1]! + 100, lineEnds[2]! - 1, lineEnds[2]!]) {
    await writeFile(path, bytes);
    await truncate(path, length);
    const whole = lineEnds.filter((end) => end <= length).length;
    const { log, records } = await RecordLog.open(path);
    expect(records).toHaveLength(whole);
    await log.append(record(9));
    await log.close();
    expect((await readRecords(path)).records).toEqual([...records, record(9)]);
  }
});

it('ends at what is none of its records: zeros of a power cut, or another file\'s line', async () => {
  for (const rest of ['\0'.repeat(300), '\0\0\n', '{"cell":"a-g1"}\n', 'text\n']) {
    const path = await written(`rest-${rest.length}.jsonl`, 2);
    await appendFile(path, rest);
    await appendFile(path, `${JSON.stringify(record(5))}\n`);
    const { log, records } = await RecordLog.open(path);
    await log.close();
    expect(records).toHaveLength(2);
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(3);
  }
});
