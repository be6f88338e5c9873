// Entry point of an engine process: plain Node, told what to do by its host over the channel of child_process.fork.
// Knows only how messages come and go; the executor does the work.
import { env } from 'onnxruntime-node';
import { Executor } from './executor.ts';
import type { openModel as OpenModel } from './open-model.ts';
import type { openScorer as OpenScorer } from './scorers.ts';
import { parseHostMessage, type EngineMessage } from './messages.ts';

function send(message: EngineMessage): void {
  // The host may be gone while a network is evaluated; then `disconnect` ends this process.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

if (process.send === undefined) {
  process.stderr.write('This program is started by the studio, not by hand.\n');
  process.exit(2);
}

const runtime = env.versions.node ?? env.versions.common;
// Not loaded at once: a process that only tries devices needs no networks, and another says sooner that it is ready.
const networks = () => import('./open-model.ts');
const open: typeof OpenModel = async (...args) => (await networks()).openModel(...args);
const openScorer: typeof OpenScorer = async (...args) => (await import('./scorers.ts')).openScorer(...args);
const executor = new Executor({ runtime, send, open, openScorer });

process.on('disconnect', () => process.exit(0));
// Ctrl+C in a terminal reaches the whole group; the host decides what it means.
process.on('SIGINT', () => {});
process.on('message', (value) => {
  const message = parseHostMessage(value);
  if (message === null) return process.stderr.write('A message of the host was not understood.\n');
  if (message.kind === 'shutdown') return process.exit(0);
  executor.accept(message);
  // A failure shows again, with a job to blame, when the first model is opened.
  if (message.kind === 'configure') networks().catch(() => {});
});

send({ kind: 'ready', pid: process.pid, node: process.versions.node, runtime });
