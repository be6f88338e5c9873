// Entry point of an evaluation process: plain Node, told what to judge and to report by its host over the channel of fork.
import { constants, setPriority } from 'node:os';
import { toErrorData } from '../contract/errors.ts';
import { judgePicture } from './evaluation-eye.ts';
import { parseToHelper, type FromHelper, type ToHelper } from './evaluation-messages.ts';
import { reportOf } from './evaluation-reporting.ts';

function send(message: FromHelper): void {
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

async function answer(message: ToHelper): Promise<FromHelper> {
  const { id } = message;
  if (message.kind === 'judge') return { kind: 'judged', id, judged: await judgePicture(message.job) };
  try {
    // Nobody waits for it as for a picture.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where the system does not allow even that, it is only less polite.
  }
  return { kind: 'reported', id, report: await reportOf(message.job, (secondsLeft) => send({ kind: 'progress', id, secondsLeft })) };
}

if (process.send === undefined) {
  process.stderr.write('This program is started by the studio, not by hand.\n');
  process.exit(2);
}

process.on('disconnect', () => process.exit(0));
// Ctrl+C in a terminal reaches the whole group; the host decides what it means.
process.on('SIGINT', () => {});
process.on('message', (value) => {
  const message = parseToHelper(value);
  if (message === null) return process.stderr.write('A message of the host was not understood.\n');
  answer(message).then(send, (thrown: unknown) => send({ kind: 'failed', id: message.id, error: toErrorData(thrown) }));
});
send({ kind: 'ready' });
