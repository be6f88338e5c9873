// A stand-in engine for the supervisor's tests: speaks the real messages, computes nothing, and misbehaves as the prompt says.
// It is started as a real process. `TEST_ENGINE_FAULTS` names a file; while it holds a number above 0, starting fails and counts it down.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseHostMessage, type EngineMessage, type SampledPicture } from '../messages.ts';

const faults = process.env['TEST_ENGINE_FAULTS'];
if (faults !== undefined) {
  const left = Number(readFileSync(faults, 'utf8'));
  if (left > 0) {
    writeFileSync(faults, String(left - 1));
    process.stderr.write('no such driver\n');
    process.exit(3);
  }
}

const cancelled = new Set<number>();
const send = (message: EngineMessage) => void process.send!(message);
let provider: SampledPicture['provider'] = 'cpu';
let threads = 0;

function result(): SampledPicture {
  return {
    picture: { width: 1, height: 1, rgb: Uint8Array.of(1, 2, 3) },
    nfe: 4, samplingMs: 1, decodeMs: 1, effectiveGuidance: 5, sampler: 'euler', generator: 'none',
    provider, threads, runtime: '0',
  };
}

/** Prompts: `crash`, `deaf` (neither works nor listens), `slow` (many steps, stops when told), `fail`; anything else succeeds. */
async function work(id: number, prompt: string): Promise<void> {
  const memoryBytes = process.memoryUsage.rss();
  if (prompt === 'crash') process.kill(process.pid, 'SIGKILL');
  if (prompt === 'deaf') for (;;);
  if (prompt === 'fail') return send({ kind: 'failed', id, memoryBytes, error: { code: 'out-of-memory', message: 'too big' } });
  for (let step = 1; prompt === 'slow'; step++) {
    if (cancelled.has(id)) return send({ kind: 'failed', id, memoryBytes, error: { code: 'cancelled', message: 'Stopped.' } });
    send({ kind: 'step', id, report: { step, steps: 1_000_000, nfe: step, elapsedMs: step, remainingMs: 0, preview: null } });
    await sleep(5);
  }
  send({ kind: 'sampled', id, memoryBytes, result: result() });
}

process.on('disconnect', () => process.exit(0));
process.on('message', (value) => {
  const message = parseHostMessage(value);
  if (message === null) throw new Error('not understood');
  switch (message.kind) {
    case 'configure':
      ({ provider, threads } = message.config);
      return;
    case 'cancel':
      cancelled.add(message.id);
      return;
    case 'status':
      return send({ kind: 'status', memoryBytes: process.memoryUsage.rss() });
    case 'shutdown':
      return process.exit(0);
    case 'probe':
      for (const tried of message.providers) {
        if (tried === 'cuda') process.kill(process.pid, 'SIGSEGV');
        send({ kind: 'probed', id: message.id, report: { provider: tried, problem: null, ms: 1, cpuMs: 2 } });
      }
      return;
    default:
      void work(message.id, message.job.prompt);
  }
});

send({ kind: 'ready', pid: process.pid, node: process.versions.node, runtime: '0' });
