// What an evaluation that stopped early may still set going: a report where somebody looks at it, nothing once the studio closes.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { EvaluateRequest } from '../contract/evaluation.ts';
import { EvaluationStore } from './evaluation-files.ts';
import { Evaluations } from './evaluations.ts';
import type { Services } from './services.ts';

let dir: string;
const id = randomUUID();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'evaluations-closing-'));
  await new EvaluationStore(dir).create({
    version: 1, id, createdAt: new Date().toISOString(), request: EvaluateRequest.parse({ models: ['storybook'] }), cells: [], prompts: [], models: [], shifts: {}, metrics: [], warnings: [],
  });
});
afterAll(() => rm(dir, { recursive: true }));

it('a closing studio begins no report for whoever asks last, and so leaves no process behind', async () => {
  // A process that cannot be started tells of every try.
  const command = { node: join(dir, 'missing'), entry: 'missing' };
  const evaluations = (logged: string[]) =>
    new Evaluations({ library: { dir }, events: { emit: () => {}, on: () => () => {} }, log: (line: string) => void logged.push(line) } as unknown as Services, command, '', () => false);
  const tries: Record<'closed' | 'open', string[]> = { closed: [], open: [] };
  const [closed, open] = [evaluations(tries.closed), evaluations(tries.open)];
  await closed.close();
  expect(await closed.get(id)).toMatchObject({ evaluation: { state: 'interrupted' }, report: null });
  expect(await open.get(id)).toMatchObject({ evaluation: { state: 'interrupted' }, report: null });
  await vi.waitFor(() => expect(tries.open).toEqual([expect.stringContaining(`The evaluation ${id} cannot be reported`)]));
  expect(tries.closed).toEqual([]);
  await open.close();
});
