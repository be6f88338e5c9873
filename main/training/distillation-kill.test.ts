// The power fails: a distillation killed at moments nobody chose ends with the weights that it would have had.
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';

vi.setConfig({ testTimeout: 480_000 });

let folder: string;
let teacher: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'distillation-kill-'));
  teacher = await createTinyCheckpoint(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const request = {
  kind: 'distillcfg', optimizer: 'muon', strategy: 'w2sd', pointsFrom: 'trajectories', scheduleSteps: 3, points: 99, steps: 30, batch: 4, threads: 1, learningRate: 2e-3,
  prompts: ['a red boat', 'two green stars', 'a blue house on the beach'],
};

/** Runs the job in a process of its own until its line number `kill`, or to its end. Returns the lines that it came to say. */
function run(work: string, kill = Infinity): Promise<string[]> {
  const job = JSON.stringify({ teacher, folder: path.join(folder, work), request, checkpointEvery: 3 });
  // This process was started by the Node that the project runs on.
  const child = fork(path.join(import.meta.dirname, 'distillation-kill.child.ts'), [job], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const lines: string[] = [];
  let stderr = '';
  child.stderr!.on('data', (data: Buffer) => (stderr += data.toString()));
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    if (lines.length >= kill) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => child.on('close', (code, signal) => (
    code === 0 || signal === 'SIGKILL' ? resolve(lines) : reject(new Error(`it ended with ${code}: ${stderr}`))
  )));
}

test('a distillation killed at random steps ends with the same weights and loss, bit for bit', async () => {
  const whole = await run('whole');
  // Three groups of points, then the steps.
  expect(whole).toHaveLength(3 + 30 + 1);
  expect(whole.at(-1)).toMatch(/^done [0-9a-f]{64} \d/);

  // Once among the points, once just past a checkpoint or just before one, then anywhere. The signal takes its time: a run may say more.
  const moments = [1 + Math.floor(3 * Math.random()), 4 + Math.floor(4 * Math.random()), 2 + Math.floor(5 * Math.random())];
  console.log(`killed after lines ${moments.join(', ')}`);
  const killed: string[][] = [];
  for (const moment of moments) killed.push(await run('killed', moment));
  expect(killed.some((lines) => !lines.at(-1)!.startsWith('done'))).toBe(true);
  const last = await run('killed');
  expect(last.at(-1)).toBe(whole.at(-1));
  // It went on and did not begin anew.
  expect(last.length).toBeLessThan(whole.length);
});
