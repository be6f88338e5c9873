// Which choice in a distillation matters? Trains every student of ablation-list.ts at small size on shared teaching points, measures
// each against the same teacher, and prints the table. What is finished is kept: the same command goes on, and skips it.
// node scripts/node.mjs scripts/measure/ablations.ts --work DIR [--models DIR] [--teacher storybook] [--samples 30000] [--batch 64]
//   [--points 8192] [--prompts 32] [--steps 20] [--only base,trajectories] [--threads 0]
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import { hashCheckpoint } from '../../main/checkpoints/hash.ts';
import { writeJson } from '../../main/checkpoints/json.ts';
import type { DistillRequest } from '../../main/contract/distillation.ts';
import { StudioError } from '../../main/contract/errors.ts';
import { storybookPictures } from '../../main/engine/storybook-pictures.ts';
import { pairedDifference, shareOf } from '../../main/evaluation/statistics.ts';
import { share, signed } from '../../main/evaluation/words.ts';
import { heldOutPrompts } from '../../main/storybook/dataset.ts';
import { judge } from '../../main/storybook/evaluator.ts';
import { distil } from '../../main/training/distillation.ts';
import { writeStudent } from '../../main/training/distillation-student.ts';
import { stopSignal } from '../train/common.ts';
import { ablations, pointsName, requestOf, type Ablation } from './ablation-list.ts';
import { drawAt, meanDistance, onDiagonal, sliderHeader, sliderMatrix, sliderRange, sliderRows, sliderScales, type Drawn } from './distances.ts';
import { modelsFolder, openModel, table, type OpenedModel } from './models.ts';

const { values } = parseArgs({ options: {
  work: { type: 'string' }, models: { type: 'string', default: modelsFolder }, teacher: { type: 'string', default: 'storybook' },
  samples: { type: 'string', default: '30000' }, batch: { type: 'string', default: '64' }, points: { type: 'string', default: '8192' },
  prompts: { type: 'string', default: '32' }, steps: { type: 'string', default: '20' }, only: { type: 'string' }, threads: { type: 'string', default: '0' },
} });

function whole(name: 'samples' | 'batch' | 'points' | 'prompts' | 'steps' | 'threads', least = 1): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name} is a whole number of at least ${least}, not '${values[name]}'.`);
  return value;
}

function chosen(): readonly Ablation[] {
  const keys = values.only?.split(',');
  const unknown = keys?.find((key) => !ablations.some((ablation) => ablation.key === key));
  if (unknown !== undefined) throw new Error(`There is no ablation '${unknown}'; there are ${ablations.map(({ key }) => key).join(', ')}.`);
  return ablations.filter(({ key }) => keys?.includes(key) ?? true);
}

if (values.work === undefined) throw new Error('Say with --work DIR where students and teaching points go.');
const work = path.resolve(values.work);
const size = { teacher: values.teacher, samples: whole('samples'), batch: whole('batch'), points: whole('points'), threads: whole('threads', 0) };
const drawing = { prompts: whole('prompts'), steps: whole('steps') };
const list = chosen();
const students = path.join(work, 'students');
const signal = stopSignal();
const session = { threads: size.threads, gentle: true };
const models = path.resolve(values.models);
const checkpoint = await openCheckpoint(path.join(models, values.teacher), () => '');
const teacherHash = await hashCheckpoint(checkpoint);

/** Distances to the own teacher are told at these scales, facts at `factScale`. */
const distanceScales = [1, 3, 5, 7] as const;
const factScale = 3;
const resamples = 1000;
const allScales = [...new Set([...sliderScales, ...distanceScales])].sort((a, b) => a - b);
/** One object and two in turn. */
const subjects = (() => {
  const [one, two] = [heldOutPrompts(Math.ceil(drawing.prompts / 2), 'one'), heldOutPrompts(Math.floor(drawing.prompts / 2), 'two')];
  return one.flatMap((single, i) => [single, ...(two[i] === undefined ? [] : [two[i]])]);
})();

interface Trained { identity: string; loss: number; fusionScale: number | null; secondsPerStep: number }
/** `right`: for each prompt whether the picture has all facts right at `factScale`; `range`: of the slider, as a share of the teacher's. */
interface Measured { identity: string; matrix: number[][]; distances: number[]; right: boolean[]; range: number; seconds: number }

/** What `make` gives, kept in `file` until `identity` is another. */
async function once<T extends { identity: string }>(file: string, identity: string, make: () => Promise<Omit<T, 'identity'>>): Promise<T> {
  const kept = await readFile(file, 'utf8').then((text) => JSON.parse(text) as T, () => null);
  if (kept?.identity === identity) return kept;
  const made = { ...(await make()), identity } as T;
  await writeJson(file, made);
  return made;
}

/** Trains the student and writes its folder. */
async function train(request: DistillRequest): Promise<Omit<Trained, 'identity'>> {
  const folder = path.join(work, request.name);
  const { student, outcome } = await distil({
    checkpoint, request, folder, pointsFolder: path.join(work, 'points', pointsName(request, teacherHash)), otherWork: 'discard', signal,
    source: storybookPictures(request.seed, request.points, checkpoint.width), onWarning: console.warn,
    onProgress({ phase, step, steps, loss, samplesPerSecond, secondsLeft }) {
      if (step !== steps && step % (phase === 'learning' ? 50 : 640) !== 0) return;
      console.log(`${request.name}: ${phase} ${step}/${steps}${loss === null ? '' : `  loss ${loss.toFixed(5)}`}  ${samplesPerSecond.toFixed(1)}/s  ${(secondsLeft / 60).toFixed(1)} min left`);
    },
  });
  const target = path.join(students, request.name);
  await rm(target, { recursive: true, force: true });
  await writeStudent(target, request.name, student, checkpoint.dir);
  const times = (await readFile(path.join(folder, 'log.jsonl'), 'utf8')).trim().split('\n').map((line) => (JSON.parse(line) as { ms: number }).ms).sort((a, b) => a - b);
  // The log stays; the state is of no use any more and large.
  for (const name of ['checkpoint', 'checkpoint.previous']) await rm(path.join(folder, `${name}.safetensors`), { force: true });
  return { loss: outcome.loss, fusionScale: outcome.fusionScale, secondsPerStep: times[Math.floor(times.length / 2)]! / 1000 };
}

/** One drawing serves both distances and facts. */
async function look(model: OpenedModel): Promise<{ drawn: Drawn[]; right: boolean[] }> {
  const drawn: Drawn[] = [];
  const right: boolean[] = [];
  for (const subject of subjects) {
    if (signal.aborted) throw new StudioError('cancelled', 'Stopped while measuring.');
    const others = await drawAt(model, subject, allScales.filter((scale) => scale !== factScale), drawing.steps);
    const { picture, latents } = await model.draw({ ...subject, guidance: factScale, steps: drawing.steps });
    drawn.push(new Map([...others, [factScale, latents]]));
    right.push((await judge(picture.rgb, picture.width, subject.facts)).allCorrect);
  }
  return { drawn, right };
}

async function opened<T>(folder: string, name: string, use: (model: OpenedModel) => Promise<T>): Promise<T> {
  const model = await openModel(folder, name, models, session);
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

let taught: Promise<{ drawn: Drawn[]; right: boolean[] }> | null = null;
/** The teacher is drawn once, and only if somebody has to be compared with it. */
const teacherPictures = () => (taught ??= opened(models, values.teacher, look));

/** `drawn` beside what the teacher draws. */
function beside(drawn: readonly Drawn[], right: boolean[], theirs: readonly Drawn[], began: number): Omit<Measured, 'identity'> {
  return {
    matrix: sliderMatrix(drawn, theirs), distances: distanceScales.map((scale) => meanDistance(drawn, theirs, scale, scale)), right,
    range: sliderRange(drawn) / sliderRange(theirs), seconds: (performance.now() - began) / 1000,
  };
}

async function measure(name: string): Promise<Omit<Measured, 'identity'>> {
  console.log(`${name}: measuring`);
  const { drawn: theirs } = await teacherPictures();
  const began = performance.now();
  const { drawn, right } = await opened(students, name, look);
  return beside(drawn, right, theirs, began);
}

/** What a slider that does nothing would give: the teacher's own picture without guidance, at every scale. */
async function measureNothing(): Promise<Omit<Measured, 'identity'>> {
  const began = performance.now();
  const { drawn, right } = await teacherPictures();
  return beside(drawn.map((own): Drawn => new Map(allScales.map((scale) => [scale, own.get(1)!]))), right, drawn, began);
}

const facts = ({ right }: Measured): string => share(shareOf(right), 0);
/** Points of adherence beyond the first's, over the same prompts and seeds. */
const ahead = ({ right }: Measured, first: Measured): string =>
  signed(pairedDifference(right.map((own, i) => ({ a: Number(first.right[i]), b: Number(own), stratum: i % 2 })), resamples), 1, 100);

const header = ['ablation', 'final loss', 'fusion scale', 's/step', 'minima on the diagonal', 'range', ...distanceScales.map((scale) => `distance at ${scale}`), `all facts at ${factScale}`, 'less the first\'s'];
const drawingIdentity = JSON.stringify({ ...drawing, teacherHash, right: 'by prompt' });

/** Distillation and measurement of one, unless they are there. */
async function done(ablation: Ablation): Promise<{ ablation: Ablation; trained: Trained; measured: Measured }> {
  const request = requestOf(ablation, size);
  const { threads: _, ...decides } = request;
  const identity = JSON.stringify({ ...decides, teacherHash });
  const trained = await once<Trained>(path.join(work, `${ablation.key}.trained.json`), identity, () => train(request));
  const measured = await once<Measured>(path.join(work, `${ablation.key}.measured.json`), JSON.stringify({ identity, drawingIdentity }), () => measure(ablation.key));
  return { ablation, trained, measured };
}

/** The table of those that are done, and their matrices. */
function report(finished: readonly Awaited<ReturnType<typeof done>>[], nothing: Measured): string {
  const first = finished[0]!.measured;
  const rows = finished.map(({ ablation, trained, measured }) => [
    `${ablation.key}: ${ablation.says}`, trained.loss.toFixed(4), trained.fusionScale?.toPrecision(3) ?? '–', trained.secondsPerStep.toFixed(2), onDiagonal(measured.matrix) ? 'yes' : 'no',
    measured.range.toFixed(2), ...measured.distances.map((value) => value.toFixed(3)), facts(measured), measured === first ? '–' : ahead(measured, first),
  ]);
  const still = ['the teacher without guidance', '', '', '', '', nothing.range.toFixed(2), ...nothing.distances.map((value) => value.toFixed(3)), `${facts(nothing)} (the teacher itself)`, ahead(nothing, first)];
  return [
    table(header, [...rows, still]), '',
    `${size.samples} samples of ${size.batch} a step, ${size.points} teaching points; ${subjects.length} held-out prompts, one object and two in turn, ${drawing.steps} steps, root mean square in latents.`,
    'Range: how far the pictures move from scale 1 to 7, as a share of the teacher\'s. Facts: all of a prompt\'s, with Wilson\'s 95 % interval; less the first\'s: points, by paired bootstrap.',
    'Losses of noised pictures and of trajectories are of different points: compare the distances.', '',
    ...finished.flatMap(({ ablation, measured }) => [`**${ablation.key}**`, '', table(sliderHeader, sliderRows(measured.matrix)), '']),
  ].join('\n');
}

/** Minutes for `left` more of them, by the pace of what is done. */
function foresight(finished: readonly Awaited<ReturnType<typeof done>>[], left: number): string {
  const steps = requestOf(list[0]!, size).steps;
  const each = finished.reduce((sum, { trained, measured }) => sum + trained.secondsPerStep * steps + measured.seconds, 0) / finished.length;
  return `${left} left: about ${Math.ceil((left * each) / 60)} min, and teaching points where there are none yet.`;
}

try {
  await mkdir(work, { recursive: true });
  const nothing = await once<Measured>(path.join(work, 'teacher.json'), drawingIdentity, measureNothing);
  const finished: Awaited<ReturnType<typeof done>>[] = [];
  for (const ablation of list) {
    finished.push(await done(ablation));
    await writeFileAtomic(path.join(work, 'ablations.md'), `${report(finished, nothing)}\n`);
    console.log(`${ablation.key}: done. ${foresight(finished, list.length - finished.length)}`);
  }
  console.log(`\n${report(finished, nothing)}`);
} catch (thrown) {
  if (!(thrown instanceof StudioError) || thrown.code !== 'cancelled') throw thrown;
  console.log(`${thrown.message} The same command goes on.`);
  process.exitCode = 1;
}
