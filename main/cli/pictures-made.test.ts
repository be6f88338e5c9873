// Pictures by the command line, with real networks: one process, two at once, interrupted, killed.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import type { RunRecord } from '../contract/schemas.ts';
import type { Comparison } from './commands/compare.ts';
import { killAll, start, studio } from './testing/run-program.ts';

// A dozen processes, each with an engine of its own: slow where the machine is busy with something else.
vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(join(tmpdir(), 'teefusion-made-'));
const models = join(folder, 'models');
beforeAll(async () => {
  await createTinyCheckpoint(models);
  await createTinyStudent(models);
});
afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (library: string) => ['--json', '--models', models, '--library', join(folder, library)];
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const history = async (library: string): Promise<RunRecord[]> =>
  (JSON.parse((await studio('history', ...at(library))).stdout) as { runs: RunRecord[] }).runs;
/** Keeps the engine busy until somebody stops it. */
const endless = ['generate', 'a blue ball', '--model', 'storybook', '--count', '1000', '--steps', '200'];

describe('one process', () => {
  it('compares twice with the same outcome, byte for byte, and says on stdout nothing else', async () => {
    const outcomes: Comparison[] = [];
    for (let time = 0; time < 2; time += 1) {
      const ended = await studio('compare', 'a red boat on the sea', ...at('own'));
      expect(ended).toMatchObject({ code: 0 });
      expect(ended.stderr).toContain('teacher: 20 steps');
      outcomes.push(JSON.parse(ended.stdout) as Comparison);
    }
    const [first, second] = outcomes as [Comparison, Comparison];
    expect(first).toMatchObject({ prompt: 'a red boat on the sea', seed: 7, guidance: 5, steps: 20 });
    expect(first.teacher).toMatchObject({ model: 'storybook', sampler: 'euler', nfe: 40 });
    expect(first.student).toMatchObject({ model: 'storybook-teefusion', nfe: 20 });
    expect(first.speedup).toBeCloseTo(first.teacher.ms / first.student.ms, 10);
    for (const role of ['teacher', 'student'] as const) {
      expect(sha256(first[role].image)).toBe(first[role].sha256);
      expect(second[role].sha256).toBe(first[role].sha256);
    }
    expect(first.run).not.toBe(second.run);

    const replayed = await studio('replay', first.student.id, ...at('own'));
    expect(JSON.parse(replayed.stdout)).toMatchObject({ identical: true, sha256: first.student.sha256 });
  });

  it('warns where a student or a word does not fit, and copies pictures out', async () => {
    const out = join(folder, 'out');
    const ended = await studio('compare', 'a cyberpunk boat', '--sampler', 'z-sampling', '--steps', '3', '--guidance', '0', '--out', out, ...at('own'));
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("'cyberpunk' is not in this model's vocabulary");
    expect(ended.stderr).toContain('storybook-teefusion');
    const { guidance, teacher, student } = JSON.parse(ended.stdout) as Comparison;
    expect(guidance).toBe(0);
    expect(readdirSync(out).map((name) => join(out, name)).sort()).toEqual([teacher.image, student.image].sort());
    expect(sha256(teacher.image)).toBe(teacher.sha256);
  });

  it('makes pictures with consecutive seeds', async () => {
    const ended = await studio('generate', 'a tree', '--model', 'storybook-teefusion', '--count', '2', '--seed', '4294967295', '--steps', '2', ...at('own'));
    const { images } = JSON.parse(ended.stdout) as { images: { seed: number; nfe: number; sha256: string; image: string }[] };
    expect(images.map(({ seed, nfe }) => [seed, nfe])).toEqual([[4294967295, 2], [0, 2]]);
    expect(images.map(({ image }) => sha256(image))).toEqual(images.map((image) => image.sha256));
  });

  it.skipIf(process.platform === 'win32')('stops on Ctrl+C, keeps what is finished, and leaves a library that opens', async () => {
    const run = start(...endless, ...at('stopped'));
    await run.said('stderr', 'picture 2');
    run.child.kill('SIGINT');
    // npm passes on what the terminal has sent already.
    run.child.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'cancelled' } });
    const [record] = await history('stopped');
    expect(record?.state).toBe('cancelled');
    expect(record?.images.length).toBeGreaterThan(0);
  });
});

describe.skipIf(process.platform === 'win32')('two processes on one library', () => {
  it('the first stays until the second, attached to it, is done', async () => {
    const first = start('generate', 'a ball', '--model', 'storybook', '--steps', '200', '--count', '2', ...at('shared'));
    await first.said('stderr', 'picture 1');
    const second = await studio('compare', 'a red boat', '--steps', '4', ...at('shared'));
    expect(second).toMatchObject({ code: 0 });
    const { teacher } = JSON.parse(second.stdout) as Comparison;
    expect(sha256(teacher.image)).toBe(teacher.sha256);
    expect((await first.ended).code).toBe(0);
    expect((await history('shared')).map(({ state }) => state)).toEqual(['done', 'done']);
  });

  it('the second may leave; when the first is killed, the third hears of it and the fourth takes over', async () => {
    const first = start(...endless, ...at('killed'));
    await first.said('stderr', 'picture 1');

    const second = start('compare', 'a red boat', ...at('killed'));
    await expect.poll(async () => (await history('killed')).length, { timeout: 120_000 }).toBe(2);
    second.child.kill('SIGINT');
    expect(JSON.parse((await second.ended).stdout)).toMatchObject({ error: { code: 'cancelled' } });
    expect(first.child.exitCode).toBeNull();

    const third = start('compare', 'a red boat', ...at('killed'));
    await expect.poll(async () => (await history('killed')).length, { timeout: 120_000 }).toBe(3);
    first.child.kill('SIGKILL');
    const lost = await third.ended;
    expect(lost.code).toBe(1);
    expect(JSON.parse(lost.stdout)).toMatchObject({ error: { code: 'engine-crashed', hint: expect.stringContaining('again') } });

    expect((await studio('compare', 'a red boat', '--steps', '2', ...at('killed'))).code).toBe(0);
    expect((await history('killed')).map(({ state }) => state)).toEqual(['done', 'interrupted', 'cancelled', 'interrupted']);
  });
});
