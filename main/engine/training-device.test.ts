// Where a training process computes: what each kind of trial leads to, with real processes that answer, crash, stay silent.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findNode } from './node-binary.ts';
import { trainingProvider } from './training-device.ts';

let folder: string;
const never = new AbortController().signal;
const self = (name: string) => ({ node: findNode(), entry: join(folder, `${name}.mjs`) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training-device-'));
  const ready = 'process.send({ kind: "ready" });';
  const answer = (cpuMs: number) => `process.on('message', ({ provider }) => process.send({ kind: 'probed', report: { provider, problem: null, ms: 2, cpuMs: ${cpuMs} } }, () => process.exit(0)));${ready}`;
  await writeFile(self('fast').entry, answer(9));
  await writeFile(self('slow').entry, answer(1));
  await writeFile(self('crashing').entry, `process.on('message', () => process.exit(3));${ready}`);
  await writeFile(self('silent').entry, `process.on('message', () => {});${ready}`);
});
afterAll(() => rm(folder, { recursive: true }));

it('tries nothing for the CPU', async () => {
  expect(await trainingProvider('cpu', 1, self('missing'), never)).toBe('cpu');
});

it('takes of its own accord what agrees and is faster, else the CPU', async () => {
  expect(await trainingProvider('auto', 1, self('fast'), never, 60_000, 'linux')).toBe('cuda');
  expect(await trainingProvider('auto', 1, self('slow'), never, 60_000, 'linux')).toBe('cpu');
  expect(await trainingProvider('auto', 1, self('crashing'), never, 60_000, 'linux')).toBe('cpu');
  // Half precision only for who names it.
  expect(await trainingProvider('auto', 1, self('fast'), never, 60_000, 'darwin')).toBe('webgpu');
  expect(await trainingProvider('coreml', 1, self('fast'), never, 60_000, 'darwin')).toBe('coreml');
});

it('takes a named one that agrees, however slow', async () => {
  expect(await trainingProvider('webgpu', 1, self('slow'), never)).toBe('webgpu');
});

it('says why a named one cannot be used instead of taking another', async () => {
  const refused = (message: RegExp) => expect.objectContaining({ code: 'unsupported', message: expect.stringMatching(message) });
  await expect(trainingProvider('webgpu', 1, self('crashing'), never)).rejects.toEqual(refused(/"webgpu".*crashed the process that tried it \(exit code 3\)/));
  await expect(trainingProvider('webgpu', 1, self('silent'), never, 400)).rejects.toEqual(refused(/did not answer/));
  // The real process, and a provider that no build for this platform has.
  const real = { node: findNode(), entry: join(import.meta.dirname, 'training-process.ts') };
  const absent = process.platform === 'darwin' ? 'dml' : 'coreml';
  await expect(trainingProvider(absent, 1, real, never)).rejects.toEqual(refused(/this build of ONNX Runtime does not contain/));
}, 120_000);

it('is given up when it is stopped', async () => {
  const stop = new AbortController();
  const choice = trainingProvider('auto', 1, self('silent'), stop.signal, 60_000, 'linux');
  setTimeout(() => stop.abort(), 200);
  await expect(choice).rejects.toMatchObject({ code: 'cancelled' });
  // Stopped before, it starts nothing at all.
  const trace = join(folder, 'was-started');
  await writeFile(self('tracing').entry, `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(trace)}, '');`);
  await expect(trainingProvider('webgpu', 1, self('tracing'), stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
  expect(existsSync(trace)).toBe(false);
});
