// Takes the library named by its argument, says so, and keeps it until it is killed.
import { acquireOwnership, Ownership } from './lock.ts';

const attempt = acquireOwnership(process.argv[2]!);
if (attempt instanceof Ownership) {
  const info = attempt.publish({ url: 'http://127.0.0.1:4711', token: 'secret' });
  process.stdout.write(`${JSON.stringify(info)}\n`);
  setInterval(() => {}, 60_000);
} else {
  process.stdout.write(`${JSON.stringify(attempt)}\n`);
}
