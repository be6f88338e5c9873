// Distils a student from a teacher: teaching points, the fused term's size, training with checkpoints.
// Knows neither where prompts and pictures come from nor who asked; the same folder and request go on where they were.
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../contract/errors.ts';
import type { DistillOutcome, DistillProgress, DistillRequest } from '../contract/distillation.ts';
import type { TransformerConfig } from '../checkpoints/configs.ts';
import { fileError } from '../checkpoints/errors.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import { hashCheckpoint } from '../checkpoints/hash.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { planSampling } from '../diffusion/samplers.ts';
import type { SessionOptions } from '../graph/session.ts';
import { adaptedLoss, adaptersOf } from './adapters.ts';
import { batches, embeddingsOf, studentInputs } from './distillation-batches.ts';
import { chooseFusionScale } from './distillation-fusion.ts';
import { Pace } from './distillation-pace.ts';
import { teachingPoints, type TeachingPoints } from './distillation-points.ts';
import type { PromptSource } from './distillation-source.ts';
import { startingStudent, studentConfig, type Beginning } from './distillation-start.ts';
import type { Student } from './distillation-student.ts';
import { TeacherText } from './distillation-text.ts';
import { claimWork, validationFolder, validationLog, type OtherWork } from './distillation-work.ts';
import { distillationLoss, type Emphasis, type StudentInput } from './objectives.ts';
import { resumeFrom, runTraining, type Moment } from './run.ts';
import { appendLine, cutLog, logFile, type LogRow } from './run-log.ts';
import { innerMatrices, Trainer, type Loss, type OptimizerOptions } from './trainer.ts';
import { Validation, validationPoints, type ValidationSetup } from './validation.ts';

export interface Distillation {
  /** The teacher. */
  readonly checkpoint: Checkpoint;
  /** The student that `request.initFrom` names. */
  readonly initFrom?: Checkpoint | undefined;
  readonly request: DistillRequest;
  readonly source: PromptSource;
  /** For points, checkpoints and the log; kept when stopped. */
  readonly folder: string;
  /** Elsewhere, for points that several students share: of one teacher, one source, one `pointsIdentity` and, on a student's way, one student. Nobody checks that. */
  readonly pointsFolder?: string | undefined;
  /** Steps between checkpoints. Default 50. */
  readonly checkpointEvery?: number | undefined;
  readonly otherWork?: OtherWork | undefined;
  /** Execution provider of every network; what it lacks runs on the CPU. Default the CPU. */
  readonly provider?: string | undefined;
  /** Measures the loss at fixed points that are never trained on, after every so many steps. `source`: other prompts, where there are any. */
  readonly validation?: { readonly every: number; readonly source: PromptSource } | undefined;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: DistillProgress): void;
  onStep?(row: LogRow): void;
  /** A validation loss was measured and logged. */
  onValidated?(row: { step: number; loss: number }): void;
  /** A checkpoint is on disk. */
  onSaved?(step: number): void;
  /** Whatever is to be done beside learning; the next step waits for it. `student`: as it is now. */
  afterStep?(moment: Moment & { student(): Promise<Student> }): Promise<void>;
  /** Hears of a damaged checkpoint that was passed over. */
  onWarning?(text: string): void;
}

const usualCheckpointEvery = 50;
/** Makes the seed of the validation points another than that of the training points. */
const validationSeed = 0x5eed;
/** Captions by which the fused term is measured. */
const measuredCaptions = 64;

/**
 * Runs to the end or until `signal`. Throws StudioError: `invalid-input` for a folder with other work, `cancelled` (a second call with the same folder and request goes on, with the
 * weights it would have had), `unsupported` for a teacher that cannot teach or a loss that is no number, `corrupt-file`, `disk-full`.
 */
export async function distil(job: Distillation): Promise<{ student: Student; outcome: DistillOutcome }> {
  const { checkpoint, initFrom, request, folder } = job;
  assertCanTeach(checkpoint, request);
  await mkdir(folder, { recursive: true }).catch((thrown: unknown) => {
    throw fileError(thrown, folder);
  });
  const teacherHash = await hashCheckpoint(checkpoint);
  assertCanInit(initFrom, request, teacherHash);
  const initHash = initFrom === undefined ? null : await hashCheckpoint(initFrom);
  await claimWork(folder, { request, teacherHash, initHash }, job.otherWork ?? 'refuse');
  const session: SessionOptions = { providers: [job.provider ?? 'cpu'], threads: request.threads };
  const text = await TeacherText.open(checkpoint, session);
  let points: TeachingPoints | null = null;
  try {
    points = await taught(job, text, session);
    const config = initFrom?.transformer.config ?? studentConfig(checkpoint.transformer.config, request, await chosenScale(job, text, points, session));
    const fusionScale = config.txt_align_guidance ? config.fusion_scale : null;
    const studentOf = (trained: Trained, samples: number, loss: number): Student =>
      ({ config, ...trained, distillation: provenance(job, { teacherHash, initHash }, samples, loss) });
    const trained = await learned(job, initHash, config, text, points, session, studentOf);
    const loss = await finalLoss(folder, request.steps);
    const samples = request.steps * request.batch;
    return { student: studentOf(trained, samples, loss), outcome: { fusionScale, samples, loss } };
  } finally {
    await Promise.allSettled([points?.close(), text.close()]);
  }
}

/**
 * Throws StudioError `invalid-input` for a student or adapters too wide for the teacher's matrices, `unsupported` for a teacher whose parts
 * cannot do what teaching needs.
 */
export function assertCanTeach({ kind, vae, transformer }: Checkpoint, { pointsFrom, lora }: Pick<DistillRequest, 'pointsFrom' | 'lora'>): void {
  if (kind === 'student') throw new StudioError('invalid-input', 'A student cannot teach: it has no second branch to guide with.');
  if (pointsFrom === 'noised' && !vae.header.tensors.has('encoder.conv_in.weight')) {
    throw new StudioError('unsupported', `${vae.weights}: holds no encoder, so pictures cannot be turned into latents to learn from.`, {
      hint: 'Use a copy of the teacher whose VAE is whole, or learn from its trajectories.',
    });
  }
  if (transformer.config.dual_attention_layers.length > 0) {
    throw new StudioError('unsupported', 'A teacher with dual attention cannot be distilled yet.');
  }
  if (lora !== null) adaptersOf(transformer.config, lora);
}

/** Throws StudioError `invalid-input` for a model that is no student of this teacher and kind, or where none is given and one is asked for. */
export function assertCanInit(from: Checkpoint | undefined, request: Pick<DistillRequest, 'initFrom' | 'kind' | 'teacher'>, teacherHash: string): void {
  const refuse = (why: string, hint: string): never => {
    throw new StudioError('invalid-input', `A new student cannot go on from "${request.initFrom}": ${why}`, { hint });
  };
  if ((from === undefined) !== (request.initFrom === null)) refuse('it was not opened.', 'Give the student and its name, or neither.');
  if (from === undefined) return;
  const { kind, guidanceKind, distillation } = from;
  if (kind !== 'student') refuse('it is a teacher.', 'Choose a student, or begin with the teacher.');
  if (distillation?.teacher_hash !== teacherHash) refuse(`it did not learn from "${request.teacher}" as that is now.`, 'Choose its own teacher, or begin with the teacher.');
  if (guidanceKind !== request.kind) refuse(`it is of the kind ${guidanceKind}, not ${request.kind}.`, `Choose the kind ${guidanceKind}, or begin with the teacher.`);
}

async function taught({ checkpoint, initFrom, source, request, folder, pointsFolder, signal, onProgress }: Distillation, text: TeacherText, session: SessionOptions): Promise<TeachingPoints> {
  let pace: Pace | null = null;
  return teachingPoints({
    checkpoint, initFrom, text, source, request, folder: pointsFolder ?? folder, session, signal,
    onPoints: (done) => {
      if (pace === null) pace = new Pace(request.points, 1, done);
      else onProgress?.({ phase: 'teaching', step: done, steps: request.points, loss: null, ...pace.at(done) });
    },
  });
}

/** Of a TeEFusion student, null of others: where none is asked for the advised size of the fused term, measured on the first prompts. */
async function chosenScale({ checkpoint, request, source }: Distillation, text: TeacherText, { items }: TeachingPoints, session: SessionOptions): Promise<number | null> {
  if (request.kind !== 'teefusion' || request.fusionScale !== null) return request.fusionScale;
  const prompts = Array.from({ length: Math.min(measuredCaptions, items) }, (_, item) => source.caption(item));
  return chooseFusionScale(checkpoint, text, prompts, request, session);
}

/** A student begins with weights that are good already, so nothing is to decay. */
export const optimizerOf = ({ optimizer }: Pick<DistillRequest, 'optimizer'>): OptimizerOptions => ({ weightDecay: 0, ...(optimizer === 'muon' && { muon: innerMatrices, muonSize: 0.6 }) });

/** Which errors count how much in a distillation. */
export const emphasisOf = ({ lossKnee, guidanceRange, weighSteps, guidanceEmphasis, strategy }: DistillRequest, { scheduler }: Pick<Checkpoint, 'scheduler'>): Emphasis => {
  const euler = strategy === 'euler';
  return { lossKnee, guidanceRange, weighSteps: weighSteps && euler, guidanceEmphasis, shift: scheduler.config.shift };
};

type Trained = Beginning & Pick<Student, 'weights'>;

/** What is trained to be small, over whatever learns. */
export function studentLoss(config: TransformerConfig, { adapters }: Pick<Beginning, 'adapters'>, emphasis?: Emphasis): Loss<StudentInput> {
  const loss = distillationLoss(config, emphasis);
  return adapters === null ? loss : adaptedLoss(loss, adapters);
}

async function learned(
  job: Distillation, initHash: string | null, config: TransformerConfig, text: TeacherText, points: TeachingPoints, session: SessionOptions,
  studentOf: (trained: Trained, samples: number, loss: number) => Student,
): Promise<Trained> {
  const { checkpoint, initFrom = checkpoint, request, folder, signal, onProgress, onWarning, onSaved } = job;
  const { batch, steps, learningRate, hold, finalShare, averageDecay } = request;
  const beginning = startingStudent(config, await readTensors(initFrom.transformer.weights), request);
  // Teaching may have taken hours.
  if (initHash !== null && initHash !== (await hashCheckpoint(initFrom))) {
    throw new StudioError('invalid-input', `The student "${request.initFrom}" has changed while its successor was being taught.`, { hint: 'Put it back as it was: the teaching points are kept.' });
  }
  const loss = studentLoss(config, beginning, emphasisOf(request, checkpoint));
  const inputs = studentInputs(config, text.maxTokens, batch);
  const trainer = await Trainer.create<StudentInput>(beginning.parameters, inputs, loss, optimizerOf(request), session, { accumulate: request.accumulate, recompute: request.recompute, fixed: beginning.fixed });
  const average = async (): Promise<Float32Array> => {
    await trainer.download();
    return trainer.average;
  };
  let validate: Validate | null = null;
  try {
    await resumeFrom(trainer as Trainer<string>, folder, (warning) => onWarning?.(warning));
    validate = await openValidation(job, { config, loss, beginning, text, session }, trainer.steps);
    const embeddings = trainer.steps < steps ? await embeddingsOf(job, text, points) : () => text.empty;
    const pace = new Pace(steps, batch, trainer.steps);
    let last = NaN;
    const finished = await runTraining(trainer, {
      steps, learningRate, warmup: request.warmup ?? Math.min(30, Math.ceil(steps / 10)), hold, finalShare, averageDecay, folder,
      checkpointEvery: job.checkpointEvery ?? usualCheckpointEvery,
      guardLoss: true,
      ...(signal && { signal }),
      ...(onSaved && { onSaved }),
      batch: batches(request, config, inputs, text.empty, points, embeddings),
      onStep: (row) => {
        last = row.loss;
        onProgress?.({ phase: 'learning', step: row.step, steps, loss: row.loss, ...pace.at(row.step) });
        job.onStep?.(row);
      },
      async afterStep(moment) {
        await validate?.after(moment.step, average);
        await job.afterStep?.({ ...moment, student: async () => studentOf({ ...beginning, weights: await average() }, moment.step * batch, last) });
      },
    });
    if (!finished) throw new StudioError('cancelled', `Stopped after step ${trainer.steps} of ${steps}; what was learned is kept.`);
    return { ...beginning, weights: Float32Array.from(await average()) };
  } finally {
    await validate?.close();
    await trainer.close();
  }
}

interface Validate {
  /** Measures and logs where it is due. */
  after(step: number, weights: () => Promise<Float32Array>): Promise<void>;
  close(): Promise<void>;
}

/** `from`: training steps that are done already. Null where none is wanted. */
async function openValidation(
  { checkpoint, initFrom, request, folder, validation, signal, onValidated }: Distillation, learning: Pick<ValidationSetup, 'config' | 'loss' | 'beginning' | 'text' | 'session'>, from: number,
): Promise<Validate | null> {
  if (validation === undefined || validation.every === 0 || from >= request.steps) return null;
  const { every, source } = validation;
  const seed = (request.seed ^ validationSeed) >>> 0;
  const { text, session } = learning;
  const points = await teachingPoints({
    checkpoint, initFrom, text, source, request: { ...request, points: validationPoints, seed }, folder: path.join(folder, validationFolder), session, signal, onPoints: () => {},
  });
  const log = path.join(folder, validationLog);
  const measured = await cutLog(log, from).then(() => Validation.open({ ...learning, points, source, seed })).finally(() => points.close());
  return {
    async after(step, weights) {
      if (step % every !== 0 && step !== request.steps) return;
      const loss = await measured.loss(await weights());
      await appendLine(log, { step, loss });
      onValidated?.({ step, loss });
    },
    close: () => measured.close(),
  };
}

/** Mean over the last twentieth of the logged steps; a step that a crash had repeated counts once. */
async function finalLoss(folder: string, steps: number): Promise<number> {
  const lines = (await readFile(path.join(folder, logFile), 'utf8')).trim().split('\n');
  const losses = new Map(lines.flatMap((line): [number, number][] => {
    try {
      const { step, loss } = JSON.parse(line) as { step: number; loss: number };
      return [[step, loss]];
    } catch {
      // A line that a crash has cut off; its step was made again.
      return [];
    }
  }));
  const last = [...losses].filter(([step]) => step > steps - Math.max(1, Math.ceil(steps / 20))).map(([, loss]) => loss);
  return last.reduce((sum, loss) => sum + loss, 0) / last.length;
}

/** What the new student keeps of the one that it went on from: everything but the teacher, who is the same. */
function ancestry({ initFrom, request }: Distillation, hash: string | null): Pick<Student['distillation'], 'init_from'> {
  if (initFrom === undefined || hash === null) return {};
  const { teacher: _teacher, teacher_hash: _hash, samples = 0, ...learned } = initFrom.distillation ?? {};
  return { init_from: { student: request.initFrom!, hash, samples, ...learned } };
}

/** As distillation.json names them. */
const recordedPoints = { noised: 'noised-images', trajectories: 'trajectories', student: 'student-trajectories' } as const;

function provenance(job: Distillation, { teacherHash, initHash }: { teacherHash: string; initHash: string | null }, samples: number, loss: number): Student['distillation'] {
  const { request, provider } = job;
  const { strategy, reflection: settings, scheduleSteps, pointsFrom, ownScaleShare, seed, steps, batch, accumulate, points, optimizer, lora, learningRate, hold, averageDecay, lossKnee, weighSteps, guidanceEmphasis } = request;
  const ofTrajectories = pointsFrom !== 'noised';
  const { reflection } = planSampling(strategy, 0, settings);
  return {
    teacher: request.teacher,
    teacher_hash: teacherHash,
    strategy,
    strategy_parameters: reflection === null ? {} : {
      ...(strategy === 'z-sampling' ? { inversion_guidance: reflection.weak } : { weak_guidance: reflection.weak }),
      reflection_steps: Number.isFinite(reflection.leadingSteps) ? reflection.leadingSteps : null,
      guard: reflection.guard,
    },
    guidance_range: request.guidanceRange,
    distilled_steps: reflection === null ? null : scheduleSteps,
    points: recordedPoints[pointsFrom],
    samples: samples + (job.initFrom?.distillation?.samples ?? 0),
    ...ancestry(job, initHash),
    training: {
      seed, steps, batch, ...(accumulate > 1 && { accumulate }), teaching_points: points,
      ...(ofTrajectories && { trajectory_steps: scheduleSteps, ...(reflection === null && { own_scale_share: ownScaleShare }) }),
      ...(request.prompts !== null && { prompts: request.prompts.length }),
      optimizer, ...(lora !== null && { lora: { rank: lora.rank, alpha: lora.alpha ?? lora.rank } }), learning_rate: learningRate, hold, average_decay: averageDecay, ...(lossKnee > 0 && { loss_knee: lossKnee }), ...(weighSteps && strategy === 'euler' && { weigh_steps: true }), ...(guidanceEmphasis > 0 && { guidance_emphasis: guidanceEmphasis }), ...(provider !== undefined && provider !== 'cpu' && { device: provider }), loss,
    },
  };
}
