// `npm run check`: type checks and lint.
import { checks, passes } from './checks.ts';

const failed: string[] = [];
for (const check of checks) {
  process.stdout.write(`${check.name} …\n`);
  if (!(await passes(check))) failed.push(check.name);
}
process.stdout.write(failed.length === 0 ? 'all checks passed\n' : `failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
