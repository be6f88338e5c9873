// Makes the evaluations that docs/results is published from, one after the other; stopped at any moment, the same command goes on.
// node scripts/node.mjs scripts/measure/results.ts --work DIR [--models models] [--only headline,curves] [--count N] [--plan]
// --plan says what would be drawn and how long that takes; --count N draws no more than N prompts of each, to try it. Then publish:
// the last line says how.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { ModelRegistry } from '../../main/checkpoints/registry.ts';
import { EvaluationProgress, EvaluationReport } from '../../main/contract/evaluation.ts';
import { evaluateFlags } from '../../main/evaluation/document.ts';
import { evaluatorVersion } from '../../main/storybook/evaluator.ts';
import { modelsFolder, table } from './models.ts';
import { minutesOf, plannedResults, type PlannedResult } from './result-list.ts';

const { values } = parseArgs({ options: {
  work: { type: 'string' }, models: { type: 'string', default: modelsFolder }, only: { type: 'string' }, count: { type: 'string' }, plan: { type: 'boolean', default: false },
} });
if (values.work === undefined) throw new Error('Say with --work DIR where the evaluations go.');
const work = path.resolve(values.work);
const modelsDir = path.resolve(values.models);
const most = values.count === undefined ? Infinity : Number(values.count);

const known = await new ModelRegistry([{ path: modelsDir, embedded: false }]).list();
const { planned, missing } = plannedResults(known);
const only = values.only?.split(',');
const unknown = only?.find((name) => !planned.some((result) => result.name === name));
if (unknown !== undefined) throw new Error(`There is no result '${unknown}'; there are ${planned.map(({ name }) => name).join(', ')}.`);
const list = planned.filter(({ name }) => only?.includes(name) ?? true).map((result) => ({ ...result, request: { ...result.request, count: Math.min(result.request.count, most) } }));

/** Whether a result is there, of these weights and settings, and judged as pictures are judged now. */
async function isDone({ name, request }: PlannedResult): Promise<boolean> {
  const text = await readFile(path.join(work, name, 'report.json'), 'utf8').catch(() => null);
  if (text === null) return false;
  const report = EvaluationReport.parse(JSON.parse(text));
  return report.evaluatorVersion === evaluatorVersion && evaluateFlags(report.request) === evaluateFlags(request) && report.models.every(({ id, hash }) => known.find((model) => model.id === id)?.hash === hash);
}

/** The command line as a user starts it; its progress is passed on, and whose it is kept for going on. */
async function evaluate(args: readonly string[], onId: (id: string) => Promise<void>): Promise<boolean> {
  const program = path.join(import.meta.dirname, '../../main/cli/main.ts');
  const child = spawn(process.execPath, [program, 'evaluate', ...args, '--library', path.join(work, 'library'), '--models-dir', modelsDir, '--json'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const stop = (): void => void child.kill('SIGTERM');
  process.on('SIGTERM', stop);
  let told = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    const progress = EvaluationProgress.safeParse(parsed(line)).data;
    if (progress === undefined) {
      console.log(line);
      continue;
    }
    await onId(progress.evaluation);
    if (performance.now() - told < 30_000) continue;
    told = performance.now();
    const left = progress.secondsLeft === null ? '' : `, ${Math.ceil(progress.secondsLeft / 60)} min left`;
    console.log(`  ${progress.done} of ${progress.total} pictures${progress.cell === null ? ', putting the report together' : ''}${left}`);
  }
  process.off('SIGTERM', stop);
  return (await closed) === 0;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** @returns whether it ended well */
async function make(result: PlannedResult): Promise<boolean> {
  const [out, idFile] = [path.join(work, result.name), path.join(work, `${result.name}.id`)];
  await rm(out, { recursive: true, force: true });
  // One that was begun of other weights or settings, or judged by another evaluator, is begun anew: its folder in the library stays, and says so when it is asked to go on.
  const flags = evaluateFlags(result.request);
  const sources = [...result.request.models.map((id) => known.find((model) => model.id === id)!.hash), evaluatorVersion].join();
  const [began, id] = (await readFile(idFile, 'utf8').catch(() => '')).split('\n');
  const resumed = began === `${flags} ${sources}` && id !== undefined && existsSync(path.join(work, 'library/evaluations', id));
  let written = resumed ? id : null;
  return evaluate([...(resumed ? ['--resume', id] : flags.split(' ')), '--out', out], async (evaluation) => {
    if (written !== evaluation) await writeFileAtomic(idFile, `${flags} ${sources}\n${evaluation}`);
    written = evaluation;
  });
}

// Ctrl+C reaches the command line too, as a member of the group; it stops by itself, and we say how to go on.
process.on('SIGINT', () => {});
if (missing.length > 0) console.log(`Left out, for they are not in ${modelsDir}: ${missing.join(', ')}.`);
const costs = await Promise.all(list.map(async (result) => ({ result, done: await isDone(result), ...minutesOf(result, known) })));
console.log(table(['result', 'what', 'pictures', 'min on two idle cores'], costs.map(({ result, done, pictures, minutes }) => [result.name, result.says, String(pictures), done ? 'done' : minutes.toFixed(0)])));
if (!values.plan) {
  await mkdir(work, { recursive: true });
  for (const { result, done } of costs) {
    if (done) continue;
    console.log(`${result.name}: ${result.says}`);
    if (await make(result)) continue;
    console.log('Stopped. The same command goes on.');
    process.exit(1);
  }
  const folders = list.map(({ name }) => path.join(work, name));
  console.log(`To publish: node scripts/node.mjs scripts/measure/publish.ts ${list.map(({ name }, i) => `${name}=${folders[i]!}`).join(' ')}`);
  console.log(`Into the cards: node scripts/node.mjs scripts/measure/cards.ts ${folders.join(' ')}`);
}
