// Which execution provider to use, and why, in words a person can read. Pure decisions over probe reports;
// must not load ONNX Runtime: the reports come from a process of their own (see probe-host.ts).
import type { DeviceReport, Settings } from '../contract/schemas.ts';
import type { ProbeReport, Provider } from './messages.ts';

export type DevicePreference = Settings['device'];

/** Providers worth a try, the most promising first. The CPU needs no trial: it is what the others are compared with. */
const providersByPlatform: Readonly<Record<string, readonly Provider[]>> = Object.freeze({
  win32: Object.freeze(['cuda', 'dml', 'webgpu'] as const),
  darwin: Object.freeze(['coreml', 'webgpu'] as const),
  linux: Object.freeze(['cuda', 'webgpu'] as const),
});

const names: Readonly<Record<Provider, string>> = Object.freeze({
  cpu: 'CPU', cuda: 'CUDA', dml: 'DirectML', coreml: 'Core ML', webgpu: 'WebGPU',
});

export interface DeviceChoice {
  readonly provider: Provider;
  /** One row per provider of the platform and the CPU; exactly one is `chosen`. */
  readonly reports: DeviceReport[];
}

/** Providers to try for a preference: `cpu` needs none, `auto` all of the platform's, a named one itself. */
export function providersToProbe(preference: DevicePreference, platform: string): readonly Provider[] {
  if (preference === 'cpu') return [];
  if (preference === 'auto') return providersByPlatform[platform] ?? [];
  return [preference];
}

/** May `auto` take it? It must agree with the CPU and be faster: a software driver agrees but is slower. */
export function isWorthwhile(report: ProbeReport): boolean {
  return report.problem === null && report.ms !== null && report.cpuMs !== null && report.ms < report.cpuMs;
}

/**
 * The provider for a preference. `auto` takes the first worthwhile one, a named provider is taken when it works at all,
 * and the CPU is the fallback of both; each row's reason says what happened.
 */
export function chooseDevice(preference: DevicePreference, probes: readonly ProbeReport[], threads: number): DeviceChoice {
  const wanted =
    preference === 'auto'
      ? probes.find(isWorthwhile)
      : probes.find((report) => report.provider === preference && report.problem === null);
  const provider = wanted?.provider ?? 'cpu';
  const fellBack = provider === 'cpu' && preference !== 'cpu' && preference !== 'auto';
  const reports = probes.map((report) => ({
    provider: report.provider,
    usable: report.problem === null,
    reason: explainProbe(report),
    chosen: report.provider === provider,
  }));
  const cpu = `always works; ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  reports.push({
    provider: 'cpu',
    usable: true,
    reason: fellBack ? `${cpu}; used because ${names[preference]} is set but cannot be used` : cpu,
    chosen: provider === 'cpu',
  });
  return { provider, reports };
}

function explainProbe(report: ProbeReport): string {
  if (report.problem !== null) return explainProblem(report.provider, report.problem);
  if (report.ms === null || report.cpuMs === null) return 'agrees with the CPU';
  const times = `${milliseconds(report.ms)} for a small test, the CPU ${milliseconds(report.cpuMs)}`;
  return isWorthwhile(report)
    ? `agrees with the CPU and is faster: ${times}`
    : `agrees with the CPU but is slower (${times}), as software drivers are; set it by name to use it all the same`;
}

/** The runtime's words made readable; what is not known is shown as it came, in one line. */
export function explainProblem(provider: Provider, problem: string): string {
  if (/backend not found|not (?:available|supported) in this build/i.test(problem)) {
    return `this build of ONNX Runtime does not contain ${names[provider]}`;
  }
  if (/failed to load shared library|providers_shared|providers_cuda/i.test(problem)) {
    return `the libraries of ${names[provider]} are not installed`;
  }
  if (/no supported adapters|failed to get a webgpu adapter/i.test(problem)) {
    return 'no graphics card with a Vulkan, Metal or Direct3D 12 driver was found';
  }
  const line = problem.split('\n', 1)[0] ?? '';
  const message = line.replace(/^.*was false\.\s*/, '').replace(/\/\S+\.(?:cc|h|cpp):\d+\s*/g, '').trim();
  return message.length > 200 ? `${message.slice(0, 200)}…` : message;
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
