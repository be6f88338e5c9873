import { describe, expect, it } from 'vitest';
import { chooseDevice, explainProblem, isWorthwhile, providersToProbe } from './devices.ts';
import type { ProbeReport } from './messages.ts';

const fast: ProbeReport = { provider: 'dml', problem: null, ms: 1.24, cpuMs: 10.4 };
const slow: ProbeReport = { provider: 'webgpu', problem: null, ms: 300, cpuMs: 2.5 };
const broken: ProbeReport = { provider: 'cuda', problem: 'Failed to load shared library', ms: null, cpuMs: null };

describe('choosing a device', () => {
  it('tries what the platform can have, nothing for the CPU', () => {
    expect(providersToProbe('auto', 'linux')).toEqual(['cuda', 'webgpu']);
    expect(providersToProbe('auto', 'plan9')).toEqual([]);
    expect(providersToProbe('webgpu', 'linux')).toEqual(['webgpu']);
    expect(providersToProbe('cpu', 'linux')).toEqual([]);
  });

  it('takes the first that agrees with the CPU and is faster', () => {
    const { provider, reports } = chooseDevice('auto', [broken, slow, fast], 2);
    expect(provider).toBe('dml');
    expect(reports).toEqual([
      { provider: 'cuda', usable: false, reason: 'the libraries of CUDA are not installed', chosen: false },
      { provider: 'webgpu', usable: true, reason: expect.stringMatching(/slower \(300 ms .* 2\.5 ms\), as software drivers are/), chosen: false },
      { provider: 'dml', usable: true, reason: 'agrees with the CPU and is faster: 1.2 ms for a small test, the CPU 10 ms', chosen: true },
      { provider: 'cpu', usable: true, reason: 'always works; 2 threads', chosen: false },
    ]);
  });

  it('stays on the CPU where nothing is faster', () => {
    expect(chooseDevice('auto', [broken, slow], 1)).toMatchObject({ provider: 'cpu', reports: [{}, {}, { provider: 'cpu', reason: 'always works; 1 thread', chosen: true }] });
  });

  it('takes a named device also when it is slower, and falls back with the reason when it does not work', () => {
    expect(chooseDevice('webgpu', [slow], 2).provider).toBe('webgpu');
    const { provider, reports } = chooseDevice('cuda', [broken], 2);
    expect(provider).toBe('cpu');
    expect(reports.at(-1)).toMatchObject({ chosen: true, reason: expect.stringContaining('CUDA is set but cannot be used') });
  });

  it('counts a device as worthwhile only by its measurement', () => {
    expect([fast, slow, broken].map(isWorthwhile)).toEqual([true, false, false]);
    expect(isWorthwhile({ ...fast, ms: fast.cpuMs })).toBe(false);
  });
});

describe('the words of the runtime', () => {
  it('become readable', () => {
    expect(explainProblem('dml', 'no available backend found. ERR: [dml] backend not found.')).toBe('this build of ONNX Runtime does not contain DirectML');
    expect(explainProblem('webgpu', '/src/webgpu_context.cc:136 x was false. Failed to get a WebGPU adapter: No supported adapters')).toMatch(/no graphics card/);
    expect(explainProblem('webgpu', '/a/b/context.cc:12 something odd\nand more')).toBe('something odd');
    expect(explainProblem('webgpu', 'x'.repeat(500)).length).toBeLessThan(210);
  });
});
