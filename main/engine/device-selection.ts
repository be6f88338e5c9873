// Remembers what each provider said when it was tried, and chooses by it.
// Knows no engine: trying starts processes of its own.
import { availableParallelism } from 'node:os';
import type { DeviceReport, Settings } from '../contract/schemas.ts';
import type { EngineCommand } from './child.ts';
import { chooseDevice, providersToProbe, type DeviceChoice } from './devices.ts';
import type { ProbeReport, Provider } from './messages.ts';
import { probeProviders } from './probe-host.ts';

export type EngineSettings = Pick<Settings, 'device' | 'threads'>;

/** Threads for a setting, 0 being one per core. */
export function resolveThreads(setting: number): number {
  return setting === 0 ? Math.min(availableParallelism(), 256) : setting;
}

export class DeviceSelection {
  readonly #command: EngineCommand;
  readonly #limitMs: number;
  readonly #signal: AbortSignal;
  /** One trial per provider and session: a driver does not get better by asking. */
  readonly #trials = new Map<Provider, Promise<ProbeReport>>();

  /** `limitMs`: for one provider. Aborting `signal` ends trials that run. */
  constructor(command: EngineCommand, limitMs: number, signal: AbortSignal) {
    this.#command = command;
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  /** The provider to use; tries only those that matter for the preference. */
  async choose(settings: EngineSettings): Promise<DeviceChoice> {
    return this.#decide(settings, providersToProbe(settings.device, process.platform));
  }

  /** What every provider of this platform, and the preferred one, said. */
  async reports(settings: EngineSettings): Promise<DeviceReport[]> {
    const wanted = new Set([...providersToProbe('auto', process.platform), ...providersToProbe(settings.device, process.platform)]);
    return (await this.#decide(settings, [...wanted])).reports;
  }

  /** From now on the provider counts as unusable, for this reason. */
  ruleOut(provider: Provider, problem: string): void {
    this.#trials.set(provider, Promise.resolve({ provider, problem, ms: null, cpuMs: null }));
  }

  async #decide({ device, threads }: EngineSettings, providers: readonly Provider[]): Promise<DeviceChoice> {
    const count = resolveThreads(threads);
    const missing = providers.filter((provider) => !this.#trials.has(provider));
    const batch = probeProviders(this.#command, missing, count, this.#limitMs, this.#signal);
    for (const [index, provider] of missing.entries()) this.#trials.set(provider, batch.then((reports) => reports[index]!));
    const probes = await Promise.all(providers.map((provider) => this.#trials.get(provider)!));
    return chooseDevice(device, probes, count);
  }
}
