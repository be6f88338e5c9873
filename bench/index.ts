// Runs one benchmark by name: `npm run bench -- NAME`. Each file beside this one is a benchmark whose default export prints a table.
// Benchmarks measure and report; they are never tests and never decide whether something passes.
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'index.ts' && !file.endsWith('.test.ts'))
  // What several benchmarks share stands beside them.
  .filter((file) => /^export default/m.test(readFileSync(join(import.meta.dirname, file), 'utf8')))
  .map((file) => file.slice(0, -3))
  .sort();

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  const found = names.length === 0 ? 'there are no benchmarks yet' : `benchmarks: ${names.join(', ')}`;
  process.stderr.write(`${name === undefined ? 'usage: npm run bench -- NAME' : `no benchmark is called "${name}"`}; ${found}\n`);
  process.exitCode = 2;
} else {
  const url = pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href;
  const { default: benchmark, environment = {} } = (await import(url)) as { default: (args: string[]) => Promise<void>; environment?: Record<string, string> };
  // What is measured may run in a process with an environment of its own, which has to be there from the start.
  if (Object.entries(environment).every(([key, value]) => process.env[key] === value)) await benchmark(rest);
  else fork(import.meta.filename, process.argv.slice(2), { execArgv: [], env: { ...process.env, ...environment } }).on('exit', (code) => (process.exitCode = code ?? 1));
}
