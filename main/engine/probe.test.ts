import { join } from 'node:path';
import { expect, it } from 'vitest';
import { agree, probeProvider } from './probe.ts';
import { findNode } from './node-binary.ts';
import { probeProviders } from './probe-host.ts';

it('finds the CPU to agree with itself', async () => {
  expect(await probeProvider('cpu', 1)).toMatchObject({ provider: 'cpu', problem: null, ms: expect.any(Number), cpuMs: expect.any(Number) });
});

it('says in the runtime\'s words why a provider does not work', async () => {
  const foreign = process.platform === 'win32' ? 'coreml' : 'dml';
  const report = await probeProvider(foreign, 1);
  expect(report).toMatchObject({ ms: null, cpuMs: null, problem: expect.stringMatching(/backend|provider|supported/i) });
});

it('tells agreement from disagreement', () => {
  const reference = Float32Array.of(1, -2, 3);
  expect(agree(reference, Float32Array.of(1.05, -2, 3))).toBe(true);
  expect(agree(reference, Float32Array.of(1.2, -2, 3))).toBe(false);
  expect(agree(reference, Float32Array.of(NaN, -2, 3))).toBe(false);
  expect(agree(reference, reference.subarray(1))).toBe(false);
});

it('is done by the engine\'s own entry, in a process of its own', async () => {
  const command = { node: findNode(), entry: join(import.meta.dirname, 'process.ts') };
  const reports = await probeProviders(command, ['cpu'], 1, 30_000, new AbortController().signal);
  expect(reports).toMatchObject([{ provider: 'cpu', problem: null }]);
});
