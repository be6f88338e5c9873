// Chooses the execution provider that a training process computes with. Each candidate is tried in a process of its own, as for pictures:
// a driver that crashes or hangs costs no training. Knows processes and reports; what a report means is decided in devices.ts.
import { StudioError } from '../contract/errors.ts';
import { Child, type EngineCommand } from './child.ts';
import { chooseDevice, isWorthwhile, providersToProbe, type DevicePreference } from './devices.ts';
import { resolveThreads } from './device-selection.ts';
import type { ProbeReport, Provider } from './messages.ts';
import { parseFromTraining, type FromTraining, type ToTraining } from './training-messages.ts';

/** For one provider's trial, ms. What a person asked for by name gets time on a busy machine; what is only looked at does not keep them waiting. */
const patienceMs = { auto: 60_000, named: 300_000 } as const;

/** Core ML may compute in half precision, in which small gradients are lost: only who names it gets it. */
const mayBeChosen = (provider: Provider): boolean => provider !== 'coreml';

/**
 * The provider for a wish. `self`: starts a training process. A named one that cannot be used is an error, unlike for a picture: hours on
 * another device are not what was asked for. Throws StudioError 'unsupported' with what it said, 'cancelled' when aborted.
 */
export async function trainingProvider(
  device: DevicePreference, threads: number, self: EngineCommand, signal: AbortSignal, limitMs: number = patienceMs[device === 'auto' ? 'auto' : 'named'], platform: string = process.platform,
): Promise<Provider> {
  const candidates = providersToProbe(device, platform).filter((provider) => device !== 'auto' || mayBeChosen(provider));
  const count = resolveThreads(threads);
  const reports: ProbeReport[] = [];
  for (const provider of candidates) {
    stillWanted(signal);
    const report = await tried(provider, count, self, signal, limitMs);
    stillWanted(signal);
    reports.push(report);
    if (isWorthwhile(report)) break;
  }
  const choice = chooseDevice(device, reports, count);
  if (device !== 'auto' && choice.provider !== device) {
    const { reason } = choice.reports.find(({ provider }) => provider === device)!;
    throw new StudioError('unsupported', `This job is to be computed on the device "${device}", which cannot be used here: ${reason}.`, {
      hint: 'Duplicate it with the device "auto", which takes the CPU where nothing else is faster, or with "cpu".',
    });
  }
  return choice.provider;
}

function stillWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new StudioError('cancelled', 'Stopped while devices were tried.');
}

/** Never rejects: a process that dies or stays silent is a report too. */
function tried(provider: Provider, threads: number, self: EngineCommand, signal: AbortSignal, limitMs: number): Promise<ProbeReport> {
  const { promise, resolve } = Promise.withResolvers<ProbeReport>();
  let [report, problem]: [ProbeReport | null, string | null] = [null, null];
  const child = new Child<ToTraining, FromTraining>(self, parseFromTraining, {
    onMessage(message) {
      if (message.kind === 'ready') child.send({ kind: 'probe', provider, threads });
      if (message.kind === 'probed') report = message.report;
    },
    onDeath({ code, signal: endedBy }) {
      clearTimeout(watch);
      signal.removeEventListener('abort', kill);
      problem ??= `it crashed the process that tried it (${endedBy ?? `exit code ${code ?? 'unknown'}`})`;
      resolve(report ?? { provider, problem, ms: null, cpuMs: null });
    },
  });
  const kill = (): void => child.kill();
  const watch = setTimeout(() => {
    problem = `it did not answer within ${Math.round(limitMs / 1000)} s`;
    kill();
  }, limitMs);
  signal.addEventListener('abort', kill, { once: true });
  return promise;
}
