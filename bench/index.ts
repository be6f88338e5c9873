// Runs one benchmark by name: `npm run bench -- NAME`. Each file beside this one is a benchmark whose default export prints a table.
// Benchmarks measure and report; they are never tests and never decide whether something passes.
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'index.ts' && !file.startsWith('_') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -3))
  .sort();

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  const found = names.length === 0 ? 'there are no benchmarks yet' : `benchmarks: ${names.join(', ')}`;
  process.stderr.write(`${name === undefined ? 'usage: npm run bench -- NAME' : `no benchmark is called "${name}"`}; ${found}\n`);
  process.exitCode = 2;
} else {
  const module = (await import(pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href)) as { default?: unknown };
  if (typeof module.default !== 'function') {
    // A helper that benchmarks share, not a benchmark.
    process.stderr.write(`bench/${name}.ts has no benchmark to run\n`);
    process.exitCode = 2;
  } else {
    await (module.default as (args: string[]) => Promise<void>)(rest);
  }
}
