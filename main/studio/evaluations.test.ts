// Evaluations whole: a real library, a real engine, an untrained teacher and its student; stopped, killed, resumed, damaged.
// The tests go on from one another in one library: a studio of its own for each would cost more than all they do.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import { calls, type CallInput, type CallName, type CallOutput } from '../contract/contract.ts';
import { EvaluationReport, type EvaluationRecord } from '../contract/evaluation.ts';
import { dualMetric, scalarMetric } from '../engine/testing/metric-folders.ts';
import { writeFacts, type PictureFacts } from '../evaluation/facts.ts';
import { readMetadata } from '../library/images/metadata.ts';
import { evaluatorVersion } from '../storybook/evaluator.ts';
import { openStudio, type Studio } from '../studio.ts';
import { checkFacts, checkPublished, exportEvaluation, recordsOf } from './evaluation-export.ts';
import { readRecords, type StoredRecord } from './evaluation-log.ts';
import { reportOf } from './evaluation-reporting.ts';

// Several processes start here; on a busy machine each takes its time.
vi.setConfig({ testTimeout: 480_000, hookTimeout: 480_000 });

/** 2 models × 2 scales × 4 prompts; the last prompt is none of the Storybook world's. */
const request = {
  models: ['storybook', 'storybook-teefusion'], guidance: [1, 3], steps: 2, count: 4, controls: false, resamples: 100,
  prompts: [
    { prompt: 'a red boat on the sea', seed: 7 }, { prompt: 'a big blue ball on the left', seed: 8 },
    { prompt: 'a red ball and a blue box', seed: 9 }, { prompt: 'something else entirely', seed: 10 },
  ],
};
const keys = ['storybook-euler-g1-s2', 'storybook-euler-g3-s2', 'storybook-teefusion-euler-g1-s2', 'storybook-teefusion-euler-g3-s2'];
const everyPicture = [0, 1, 2, 3].flatMap((index) => keys.map((key) => `${key}/${index}`));

let root: string;
let models: string;
let libraryDir: string;
let main: Awaited<ReturnType<typeof studioOf>>;
/** One whole evaluation, which the others are compared with. */
let whole: { id: string; report: EvaluationReport };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'evaluations-'));
  models = join(root, 'models');
  libraryDir = join(root, 'library');
  await createTinyCheckpoint(models);
  await createTinyStudent(models);
  main = await studioOf(libraryDir);
  const { id } = await main.call('evaluations.start', request);
  expect(await main.ended(id)).toMatchObject({ state: 'done', error: null, done: 16, total: 16 });
  whole = { id, report: (await main.call('evaluations.get', { evaluation: id })).report! };
});
afterAll(async () => {
  await main.studio.close();
  await rm(root, { recursive: true, force: true });
});

/** A studio over a library, with what is needed to talk to it. */
async function studioOf(dir: string) {
  const logged: string[] = [];
  const studio: Studio = await openStudio({ libraryDir: dir, modelDirs: [models], log: (line) => logged.push(line) });
  async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
    const answer = await studio.call(name, input);
    if (!answer.ok) throw new Error(`${name}: ${answer.error.code}: ${answer.error.message}`);
    return calls[name].output.parse(answer.value) as CallOutput<N>;
  }
  await call('settings.set', { device: 'cpu', threads: 1 });
  let changes: EvaluationRecord[] = [];
  let wake: () => void = () => {};
  studio.on('evaluation.changed', ({ evaluation }) => {
    changes.push(evaluation);
    wake();
  });
  /** The next time that the evaluation has stopped; what was told before it is forgotten. */
  const ended = async (id: string): Promise<EvaluationRecord> => {
    for (;;) {
      const found = changes.find((record) => record.id === id && !['queued', 'running'].includes(record.state));
      changes = changes.filter((record) => record !== found);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  /** Resolves when so many pictures are drawn. */
  const drawn = (id: string, count: number) => new Promise<void>((resolve) => {
    const off = studio.on('evaluation.progress', ({ evaluation, done }) => {
      if (evaluation !== id || done < count) return;
      off();
      resolve();
    });
  });
  const errorOf = async (name: CallName, input: unknown) => {
    const answer = await studio.call(name as string, input);
    return answer.ok ? null : answer.error;
  };
  return { studio, call, ended, drawn, errorOf, logged };
}

/** A report without what differs between two sittings: its name, its date, its times. */
function lasting(report: EvaluationReport): string {
  const { id: _, createdAt: __, cells, differences, ...rest } = EvaluationReport.parse(report);
  return JSON.stringify({
    ...rest,
    cells: cells.map(({ ms: _ms, ...cell }) => cell),
    differences: differences.map(({ timeRatio: _ratio, timeRange: _range, ...difference }) => difference),
  }, null, 1);
}

const folderOf = (id: string, dir = libraryDir) => join(dir, 'evaluations', id);
const pictureOf = (id: string, key: string) => join(folderOf(id), 'pictures', `${key}.png`);

async function picturesIn(id: string): Promise<string[]> {
  const cells = join(folderOf(id), 'pictures');
  return (await Promise.all((await readdir(cells)).map(async (cell) => (await readdir(join(cells, cell))).map((file) => `${cell}/${file.replace('.png', '')}`)))).flat();
}

describe('an evaluation', () => {
  it('is planned before it starts, with what it costs', async () => {
    const plan = await main.call('evaluations.plan', request);
    expect(plan.cells.map(({ key, nfe }) => [key, nfe])).toEqual(keys.map((key, i) => [key, [2, 4, 2, 2][i]]));
    expect(plan).toMatchObject({ prompts: 4, pictures: 16, passes: 40, warnings: [] });
    expect(plan.seconds).toBeGreaterThan(0);
    expect(await main.errorOf('evaluations.plan', { ...request, models: ['nobody'] })).toMatchObject({ code: 'not-found' });
    expect(await main.errorOf('evaluations.start', { ...request, gudance: [1] })).toMatchObject({ code: 'invalid-input' });
    expect((await main.call('evaluations.list', {})).evaluations).toHaveLength(1);
  });

  it('draws every cell of every prompt and reports them', async () => {
    const { report, id } = whole;
    expect(report.cells.map(({ key, nfe, count }) => [key, nfe, count])).toEqual(keys.map((key, i) => [key, [2, 4, 2, 2][i], 4]));
    expect(report).toMatchObject({ id, threads: 1, device: 'cpu', warnings: [], metrics: [] });
    // Three prompts can be read: two of one object, one of two.
    for (const cell of report.cells) {
      expect(cell.adherence.one?.all.asked).toBe(2);
      expect(cell.adherence.two?.all.asked).toBe(1);
      expect(cell.ms.value).toBeGreaterThan(0);
      expect(cell.frechet).toBeNull();
      expect(cell.memorised).toBeNull();
    }
    expect(report.differences.some(({ a, b }) => [a, b].includes(keys[1]!) && [a, b].includes(keys[3]!))).toBe(true);
    expect((await picturesIn(id)).sort()).toEqual([...everyPicture].sort());
    expect(readMetadata(readFileSync(pictureOf(id, `${keys[3]!}/2`)))).toMatchObject({
      model: 'storybook-teefusion', prompt: 'a red ball and a blue box', seed: 9, guidance: 3, steps: 2,
    });
    expect(main.logged).toEqual([]);
  });

  it('goes prompt by prompt, teacher and student in turn', async () => {
    const { records } = await readRecords(join(folderOf(whole.id), 'records.jsonl'));
    expect(records.map(({ cell, index }) => `${cell}/${index}`)).toEqual(everyPicture);
    expect(records[15]).toMatchObject({ prompt: 'something else entirely', objects: null, facts: null, allCorrect: null, seen: '' });
    expect(records[8]).toMatchObject({ objects: 2, seed: 9 });
    expect(records[8]!.features!.length).toBeGreaterThan(0);
  });

  it('is looked at page by page, whole or only what went wrong', async () => {
    const evaluation = whole.id;
    const all = await main.call('evaluations.pictures', { evaluation });
    expect(all.prompts).toBe(4);
    expect(all.pictures.map(({ cell, index }) => `${cell}/${index}`)).toEqual(everyPicture);
    const page = await main.call('evaluations.pictures', { evaluation, cells: [keys[3]!, 'nobody'], offset: 1, limit: 2 });
    expect(page.pictures.map(({ cell, index }) => [cell, index])).toEqual([[keys[3], 1], [keys[3], 2]]);
    // An untrained model gets everything wrong that can be wrong.
    const wrong = await main.call('evaluations.pictures', { evaluation, wrong: 'any' });
    expect([...new Set(wrong.pictures.map(({ index }) => index))]).toEqual([0, 1, 2]);
    expect((await main.call('evaluations.pictures', { evaluation, wrong: 'size' })).prompts).toBe(1);
    expect(existsSync(main.studio.evaluationPicturePath({ evaluation, cell: keys[0]!, index: 3 }))).toBe(true);
    expect(() => main.studio.evaluationPicturePath({ evaluation: 'other', cell: keys[0]!, index: 3 })).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('is given away whole, and compared with what was published', async () => {
    const out = join(root, 'out');
    await exportEvaluation(libraryDir, whole.report, out);
    expect(EvaluationReport.parse(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')))).toEqual(whole.report);
    for (const name of ['report.csv', 'report.md', 'records.jsonl']) expect(readFileSync(join(out, name)).length).toBeGreaterThan(100);
    for (const key of everyPicture) expect(readFileSync(join(out, 'pictures', `${key}.png`))).toEqual(readFileSync(pictureOf(whole.id, key)));

    const records = await recordsOf(libraryDir, whole.id);
    const published = join(out, 'records.jsonl');
    expect(await checkFacts(records, published)).toEqual({ compared: 16, unpublished: 0, facts: 48, reproduced: 48, differences: [], otherEvaluator: false });
    const earlier = records.map((record, i) => (i === 0 ? { ...record, evaluatorVersion: evaluatorVersion - 1 } : record));
    expect(await checkFacts(earlier, published)).toMatchObject({ compared: 16, otherEvaluator: true });
    const lines = readFileSync(published, 'utf8').trim().split('\n');
    const changed = JSON.parse(lines[2]!) as { facts: Record<string, boolean> };
    changed.facts['kind'] = !changed.facts['kind'];
    await writeFile(published, [...lines.slice(0, 2), JSON.stringify(changed)].join('\n'));
    const check = await checkFacts(records, published);
    expect(check).toMatchObject({ compared: 3, unpublished: 13, differences: [expect.stringMatching(/^storybook-teefusion-euler-g1-s2 #0: kind is .*, published as .*$/)] });
    await writeFile(published, lines[0]!.replace('"seed":7', '"seed":77'));
    expect((await checkFacts(records, published)).differences).toMatchObject([expect.stringContaining('seed 77')]);
    await writeFile(published, `${lines[0]!}\n{"cell":1}\n`);
    await expect(checkFacts(records, published)).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('line 2') });
    await writeFile(published, lines[0]!.replace('-s2"', '-s30"'));
    await expect(checkFacts(records, published)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(checkFacts(records, join(out, 'nothing'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('says how many of the project\'s published facts it reproduced, where they are of the same weights', async () => {
    const { report } = whole;
    const records = await recordsOf(libraryDir, whole.id);
    const published = join(root, 'facts.jsonl');
    const publish = (models: Record<string, string>, pictures: readonly PictureFacts[] = records) =>
      writeFile(published, writeFacts({ version: 1, models, reflection: {}, device: 'cpu', threads: 1, runtime: '', evaluatorVersion }, pictures));
    const hashes = Object.fromEntries(report.models.map(({ id, hash }) => [id, hash]));
    expect(await checkPublished(report, records, published)).toBeNull();
    await publish(hashes);
    // The fourth prompt cannot be read, so that nothing is published of it.
    expect(await checkPublished(report, records, published)).toEqual({
      comparison: { compared: 12, unpublished: 0, facts: 48, reproduced: 48, differences: [] }, otherWeights: [], otherEvaluator: false,
    });
    expect(await checkFacts(records, published)).toMatchObject({ compared: 12, unpublished: 4, reproduced: 48, otherEvaluator: false });
    await writeFile(published, readFileSync(published, 'utf8').replace(`"evaluatorVersion":${evaluatorVersion}`, `"evaluatorVersion":${evaluatorVersion - 1}`));
    expect(await checkFacts(records, published)).toMatchObject({ compared: 12, otherEvaluator: true });
    await publish({ ...hashes, storybook: 'other weights' });
    expect(await checkPublished(report, records, published)).toMatchObject({ comparison: { compared: 6, facts: 24, reproduced: 24 }, otherWeights: ['storybook'] });
    await publish({});
    expect(await checkPublished(report, records, published)).toEqual({ comparison: null, otherWeights: [], otherEvaluator: false });
    await publish(hashes, records.map((record) => ({ ...record, seed: record.seed + 1 })));
    expect(await checkPublished(report, records, published)).toEqual({ comparison: null, otherWeights: [], otherEvaluator: false });
    const { evaluatorVersion: _, ...earlier } = report;
    expect(await checkPublished(earlier, records, published)).toMatchObject({ otherEvaluator: true });
    await writeFile(published, 'nonsense');
    await expect(checkPublished(report, records, published)).rejects.toMatchObject({ code: 'corrupt-file' });
  });

  it('says that another version of the evaluator has judged its pictures', async () => {
    const dir = join(root, 'mixed');
    await cp(folderOf(whole.id), dir, { recursive: true });
    const job = { dir, sketches: join(root, 'no-sketches'), cacheDir: join(root, 'cache'), warnings: [] };
    expect(await reportOf(job)).toMatchObject({ evaluatorVersion, warnings: whole.report.warnings });
    const records = readFileSync(join(dir, 'records.jsonl'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as StoredRecord);
    const judgedBefore = async (count: number): Promise<EvaluationReport> => {
      await writeFile(join(dir, 'records.jsonl'), records.map(({ evaluatorVersion: now, ...earlier }, i) => `${JSON.stringify(i < count ? earlier : { ...earlier, evaluatorVersion: now })}\n`).join(''));
      return (await reportOf(job))!;
    };
    const warning = (begin: string) => ({ code: 'other-evaluator', message: expect.stringMatching(`^${begin} were judged by another version`) });
    const mixed = await judgedBefore(1);
    expect(mixed.warnings).toContainEqual(warning('Some of its pictures'));
    expect(mixed.evaluatorVersion).toBeUndefined();
    expect((await judgedBefore(records.length)).warnings).toContainEqual(warning('Its pictures'));
    expect((await judgedBefore(0)).warnings).toEqual(whole.report.warnings);
  });

  it('is deleted with an undo', async () => {
    const evaluation = whole.id;
    await main.call('evaluations.delete', { evaluation });
    expect((await main.call('evaluations.list', {})).evaluations).toEqual([]);
    for (const name of ['evaluations.get', 'evaluations.delete', 'evaluations.resume', 'evaluations.pictures'] as const) {
      expect(await main.errorOf(name, { evaluation })).toMatchObject({ code: 'not-found' });
    }
    expect(await main.call('evaluations.restore', { evaluation })).toMatchObject({ id: evaluation, state: 'done', done: 16 });
    expect((await main.call('evaluations.get', { evaluation })).report).toEqual(whole.report);
    expect(await main.errorOf('evaluations.restore', { evaluation })).toMatchObject({ code: 'not-found' });
    expect(await main.errorOf('evaluations.resume', { evaluation })).toMatchObject({ code: 'invalid-input' });
  });
});

describe('an evaluation that stops early', () => {
  it('lets a person draw between its pictures; reports the prompts it has; goes on where it was', async () => {
    const { call, drawn, ended, studio } = main;
    const order: string[] = [];
    const off = [
      studio.on('evaluation.progress', ({ done }) => order.push(`evaluation ${done}`)),
      studio.on('run.changed', () => order.push('run waits')),
      studio.on('run.ended', ({ run }) => order.push(`run of ${run.images.length} ended`)),
    ];
    const { id } = await call('evaluations.start', request);
    const some = drawn(id, 5);
    // Asked for while the evaluation still opens its first model.
    await call('runs.generate', { prompt: 'a red boat on the sea', model: 'storybook', steps: 2, count: 2 });
    await some;
    const stopped = await call('evaluations.cancel', { evaluation: id });
    off.forEach((stop) => stop());
    expect(stopped).toMatchObject({ state: 'cancelled', error: null, total: 16 });
    expect(stopped.done).toBeLessThan(16);
    // The picture that was at work is finished, and the next one announced; then comes the whole run.
    const [waits, done] = [order.indexOf('run waits'), order.indexOf('run of 2 ended')];
    expect(waits).toBeGreaterThan(-1);
    expect(done).toBeGreaterThan(waits);
    expect(done - waits).toBeLessThanOrEqual(3);

    await ended(id);
    expect((await call('evaluations.get', { evaluation: id })).report).toBeNull();
    await ended(id);
    const { report } = await call('evaluations.get', { evaluation: id });
    expect(report!.cells.every(({ count }) => count === Math.floor(stopped.done / 4))).toBe(true);
    expect(report!.warnings).toMatchObject([{ code: 'unfinished' }]);

    const before = (await picturesIn(id)).map((key) => [key, readFileSync(pictureOf(id, key))] as const);
    expect(await call('evaluations.resume', { evaluation: id })).toMatchObject({ done: stopped.done, state: 'queued' });
    expect((await ended(id)).state).toBe('done');
    for (const [key, bytes] of before) expect(readFileSync(pictureOf(id, key))).toEqual(bytes);
    expect(lasting((await call('evaluations.get', { evaluation: id })).report!)).toBe(lasting(whole.report));
    // Only what was missing was drawn.
    expect((await readRecords(join(folderOf(id), 'records.jsonl'))).records).toHaveLength(16);
  });

  it('draws pictures again whose files are gone, and refuses to report one that was exchanged', async () => {
    const { call, ended } = main;
    const id = 'copied';
    await cp(folderOf(whole.id), folderOf(id), { recursive: true });
    const plan = join(folderOf(id), 'request.json');
    await writeFile(plan, readFileSync(plan, 'utf8').replace(whole.id, id));
    await rm(join(folderOf(id), 'state.json'));
    await rm(pictureOf(id, `${keys[0]!}/1`));
    await cp(pictureOf(id, `${keys[3]!}/3`), pictureOf(id, `${keys[3]!}/2`));
    await call('evaluations.resume', { evaluation: id });
    expect(await ended(id)).toMatchObject({ state: 'failed', error: { code: 'corrupt-file', message: expect.stringContaining('2.png') } });
    expect(readFileSync(pictureOf(id, `${keys[0]!}/1`))).toEqual(readFileSync(pictureOf(whole.id, `${keys[0]!}/1`)));
    await rm(pictureOf(id, `${keys[3]!}/2`));
    await call('evaluations.resume', { evaluation: id });
    expect((await ended(id)).state).toBe('done');
    expect(lasting((await call('evaluations.get', { evaluation: id })).report!)).toBe(lasting(whole.report));
  });

  it('loses nothing but the picture at work when its host is killed', async () => {
    const dir = join(root, 'killed');
    const host = join(import.meta.dirname, 'testing', 'evaluating-host.ts');
    const child = spawn(process.execPath, [host, dir, models, JSON.stringify(request)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    await new Promise<void>((resolve) => child.stdout.on('data', (data: Buffer) => ((said += data.toString()), /^done 7$/m.test(said) && resolve())));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const id = /^started (.+)$/m.exec(said)![1]!;
    // A power cut may leave this too.
    const records = join(folderOf(id, dir), 'records.jsonl');
    await appendFile(records, '{"cell":"storybook-euler-g1-s2","ind');

    const { call, ended, studio } = await studioOf(dir);
    const [found] = (await call('evaluations.list', {})).evaluations;
    expect(found).toMatchObject({ id, state: 'interrupted', total: 16, error: null });
    expect(found!.done).toBeGreaterThanOrEqual(7);
    await call('evaluations.resume', { evaluation: id });
    expect(await ended(id)).toMatchObject({ state: 'done', done: 16 });
    expect(lasting((await call('evaluations.get', { evaluation: id })).report!)).toBe(lasting(whole.report));
    expect((await readRecords(records)).records).toHaveLength(16);
    await studio.close();
  });
});

it('metrics of a person\'s own are columns; one that fails is left out with a warning', async () => {
  const { call, ended } = main;
  const metrics = join(libraryDir, 'metrics');
  await scalarMetric(metrics);
  await dualMetric(metrics);
  await scalarMetric(metrics, 'lost', { factor: NaN });
  await scalarMetric(metrics, 'gone', { description: { model: 'gone.onnx' } });
  const { id } = await call('evaluations.start', { ...request, guidance: [1], count: 2 });
  expect(await ended(id)).toMatchObject({ state: 'done' });
  const report = (await call('evaluations.get', { evaluation: id })).report!;
  expect(report.metrics).toEqual([{ id: 'likeness', name: 'Likeness', higherIsBetter: false }, { id: 'taste', name: 'Taste', higherIsBetter: true }]);
  for (const { scores } of report.cells) expect(Object.keys(scores).sort()).toEqual(['likeness', 'taste']);
  expect(report.warnings.map(({ message }) => message).sort()).toEqual([
    expect.stringMatching(/lost.*not a number/), 'The metric gone is left out: gone.onnx: no such file or folder.',
  ]);
  const { records } = await readRecords(join(folderOf(id), 'records.jsonl'));
  expect(new Set(records.map(({ scores }) => scores['taste'])).size).toBe(records.length);
  await rm(metrics, { recursive: true });
});

// Last: it closes the studio and changes a model.
it('is interrupted, not cancelled, when the studio closes; does not go on with a model that has changed; a damaged one hides no other', async () => {
  const running = await main.call('evaluations.start', request);
  const waiting = await main.call('evaluations.start', request);
  await main.drawn(running.id, 1);
  await main.studio.close();
  await cp(folderOf(whole.id), folderOf('damaged'), { recursive: true });
  await writeFile(join(folderOf('damaged'), 'request.json'), '{"version":1');
  await createTinyStudent(models, 'storybook-teefusion', 'storybook', 77);

  main = await studioOf(libraryDir);
  const states = new Map((await main.call('evaluations.list', {})).evaluations.map(({ id, state }) => [id, state]));
  expect([running.id, waiting.id, whole.id, 'damaged'].map((id) => states.get(id))).toEqual(['interrupted', 'interrupted', 'done', undefined]);
  expect(main.logged).toMatchObject([expect.stringContaining('damaged')]);

  await main.call('evaluations.resume', { evaluation: waiting.id });
  expect(await main.ended(waiting.id)).toMatchObject({ state: 'failed', done: 0, error: { code: 'invalid-input', message: expect.stringContaining('"storybook-teefusion" has changed') } });
  await rm(join(models, 'storybook-teefusion'), { recursive: true });
  await main.call('evaluations.resume', { evaluation: waiting.id });
  expect(await main.ended(waiting.id)).toMatchObject({ state: 'failed', error: { code: 'not-found' } });
});
