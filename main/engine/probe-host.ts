// Has providers tried in processes of their own, so that a driver that crashes or hangs costs nothing but its own report.
// Knows how to watch such a process; what is tried, and what follows from it, is decided elsewhere.
import { EngineChild, type EngineCommand } from './child.ts';
import type { ProbeReport, Provider } from './messages.ts';

/**
 * One report per provider, in their order. A process that dies or stays silent for `limitMs` is the report of the provider
 * it was busy with; the rest are tried in a new one. Aborting `signal` ends it: what was not tried says so. Never throws.
 */
export async function probeProviders(
  command: EngineCommand, providers: readonly Provider[], threads: number, limitMs: number, signal: AbortSignal,
): Promise<ProbeReport[]> {
  const reports: ProbeReport[] = [];
  while (reports.length < providers.length) {
    const rest = providers.slice(reports.length);
    if (signal.aborted) {
      reports.push(...rest.map((provider) => ({ provider, problem: 'it was not tried', ms: null, cpuMs: null })));
      break;
    }
    const { done, problem } = await probeInChild(command, rest, threads, limitMs, signal);
    reports.push(...done);
    if (problem !== null) reports.push({ provider: rest[done.length]!, problem, ms: null, cpuMs: null });
  }
  return reports;
}

/** Reports until the process ended; `problem` is what happened to the provider after the last one, null when all were tried. */
function probeInChild(
  command: EngineCommand, providers: readonly Provider[], threads: number, limitMs: number, signal: AbortSignal,
): Promise<{ done: ProbeReport[]; problem: string | null }> {
  return new Promise((resolve) => {
    const done: ProbeReport[] = [];
    let hung = false;
    const kill = () => child.kill();
    const watch = () =>
      setTimeout(() => {
        hung = true;
        kill();
      }, limitMs);
    const child = new EngineChild(command, {
      onMessage(message) {
        if (message.kind === 'ready') child.send({ kind: 'probe', id: 1, providers: [...providers], threads });
        if (message.kind !== 'probed') return;
        clearTimeout(timer);
        timer = watch();
        done.push(message.report);
        if (done.length === providers.length) child.send({ kind: 'shutdown' });
      },
      onDeath({ code, signal: endedBy }) {
        clearTimeout(timer);
        signal.removeEventListener('abort', kill);
        const how = hung
          ? `it did not answer within ${Math.round(limitMs / 1000)} s`
          : `it crashed the process that tried it (${endedBy ?? `exit code ${code ?? 'unknown'}`})`;
        resolve({ done, problem: done.length === providers.length ? null : how });
      },
    });
    let timer = watch();
    signal.addEventListener('abort', kill, { once: true });
  });
}
