// How well a training's snapshot follows held-out prompts, appended to a learning curve; then the curve, and what an hour more bought.
// node scripts/node.mjs scripts/measure/learning-curve.ts MODEL_FOLDER --log LOG.jsonl [--step N] [--name storybook]
//   [--csv docs/training/learning-curve.csv] [--count 64] [--guidance 3] [--steps 20] [--threads 2]
// The folder may be written anew while this runs: it is copied first. Without --step it is taken for that of the last multiple of 200 in
// the log, which is right but for the second in which a snapshot is being written.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { wilson } from '../../main/evaluation/statistics.ts';
import { table } from '../../main/evaluation/words.ts';
import { heldOutPrompts } from '../../main/storybook/dataset.ts';
import { judge } from '../../main/storybook/evaluator.ts';
import { curveCsv, curveRow, lastHour, readCurve, withPoint, type CurvePoint } from './curve.ts';
import { openModel, type OpenedModel } from './models.ts';

/** A snapshot is written so often in a training of the teacher. */
const snapshotEvery = 200;

const { values, positionals: [model] } = parseArgs({ allowPositionals: true, options: {
  log: { type: 'string' }, step: { type: 'string' }, name: { type: 'string', default: 'storybook' }, csv: { type: 'string', default: path.join(import.meta.dirname, '../../docs/training/learning-curve.csv') },
  count: { type: 'string', default: '64' }, guidance: { type: 'string', default: '3' }, steps: { type: 'string', default: '20' }, threads: { type: 'string', default: '2' },
} });
if (model === undefined || values.log === undefined) throw new Error('Say which model folder, and with --log which training it is of.');

/** The step that the snapshot was written after, and the hours inside the steps up to it. A resumed run repeats steps: the last word counts. */
async function placeInTraining(log: string): Promise<{ step: number; hours: number }> {
  const ms = new Map((await readFile(log, 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as { step: number; ms: number }).map((line) => [line.step, line.ms]));
  const last = Math.max(...ms.keys());
  const step = values.step === undefined ? last - (last % snapshotEvery) : Number(values.step);
  if (!ms.has(step)) throw new Error(`The log has no step ${step}.`);
  return { step, hours: [...ms].reduce((sum, [at, spent]) => (at <= step ? sum + spent : sum), 0) / 3.6e6 };
}

/** Pictures of `count` held-out prompts of a stage with every fact right. */
async function rightOf(opened: OpenedModel, stage: 'one' | 'two', count: number): Promise<number> {
  let right = 0;
  for (const { prompt, seed, facts } of heldOutPrompts(count, stage)) {
    const { picture } = await opened.draw({ prompt, seed, guidance: Number(values.guidance), steps: Number(values.steps) });
    if ((await judge(picture.rgb, picture.width, facts)).allCorrect) right += 1;
  }
  return right;
}

const place = await placeInTraining(values.log);
const aside = await mkdtemp(path.join(tmpdir(), 'snapshot-'));
let point: CurvePoint;
try {
  await cp(model, path.join(aside, values.name), { recursive: true });
  const opened = await openModel(aside, values.name, aside, { threads: Number(values.threads), gentle: true });
  const half = Math.ceil(Number(values.count) / 2);
  point = {
    model: values.name, ...place, guidance: Number(values.guidance), steps: Number(values.steps),
    one: wilson(await rightOf(opened, 'one', half), half), two: wilson(await rightOf(opened, 'two', half), half),
  };
  await opened.close();
} finally {
  await rm(aside, { recursive: true, force: true });
}
const known = await readFile(values.csv, 'utf8').then(readCurve, (thrown: NodeJS.ErrnoException) => {
  if (thrown.code === 'ENOENT') return [];
  throw thrown;
});
const points = withPoint(known, point);
await writeFileAtomic(values.csv, curveCsv(points));
const own = points.filter(({ model: name, guidance, steps }) => name === point.model && guidance === point.guidance && steps === point.steps);
console.log(table(['model', 'step', 'hours', 'γ', 'one object', 'two objects'], own.map(curveRow)));
const bought = lastHour(own);
if (bought !== null) console.log(`\n${bought}`);
