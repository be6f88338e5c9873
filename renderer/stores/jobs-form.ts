// The distillation that a person is composing: what stands in the fields, what is wrong with them, what is asked of the host. Pure.
import { JobConfig, jobPresets, sourceHasPictures, type JobSource, type SampleSubject } from '../../main/contract/jobs.ts';
import { PromptText, type ModelInfo } from '../../main/contract/schemas.ts';
import { ranges, type Range } from './form-state.ts';

export type SourceKind = JobSource['kind'];
export const sourceKinds: readonly SourceKind[] = ['storybook', 'library', 'folder', 'file', 'list'];

/** All of a configuration that is no text with a meaning of its own. */
export type JobValues = Omit<JobConfig, 'source' | 'samples'>;

export interface JobForm {
  values: JobValues;
  source: SourceKind;
  search: string;
  folder: string;
  file: string;
  /** One prompt a line. */
  list: string;
  /** null: the host chooses some of the source. */
  samples: readonly SampleSubject[] | null;
}

const usual = JobConfig.parse({});

export const jobRanges = {
  guidance: ranges.guidance,
  scheduleSteps: { min: 1, max: 200, step: 1, initial: usual.scheduleSteps },
  guidanceMultiplier: { min: 0.1, max: 100_000, step: 1, initial: usual.guidanceMultiplier },
  fusionScale: { min: 0.0001, max: 1000, step: 0.1, initial: 1 },
  rank: { min: 1, max: 4096, step: 1, initial: 16 },
  alpha: { min: 0.1, max: 1_000_000, step: 1, initial: 16 },
  evaluated: { min: 1, max: 2000, step: 1, initial: 64 },
  steps: { min: 1, max: 1_000_000, step: 1, initial: usual.steps },
  batch: { min: 1, max: 1024, step: 1, initial: usual.batch },
  accumulate: { min: 1, max: 1024, step: 1, initial: usual.accumulate },
  points: { min: 1, max: 1_000_000, step: 1, initial: usual.points },
  ownScaleShare: { min: 0, max: 1, step: 0.1, initial: usual.ownScaleShare },
  learningRate: { min: 0.000001, max: 1, step: 0.0001, initial: usual.learningRate },
  warmup: { min: 0, max: 100_000, step: 1, initial: 30 },
  hold: { min: 0, max: 1, step: 0.05, initial: usual.hold },
  finalShare: { min: 0, max: 1, step: 0.05, initial: usual.finalShare },
  lossKnee: { min: 0, max: 100, step: 0.5, initial: usual.lossKnee },
  guidanceEmphasis: { min: 0, max: 100, step: 0.5, initial: usual.guidanceEmphasis },
  averageDecay: { min: 0, max: 0.99999, step: 0.01, initial: usual.averageDecay },
  seed: { min: 0, max: 4294967295, step: 1, initial: usual.seed },
  threads: { min: 0, max: 256, step: 1, initial: usual.threads },
  validateEvery: { min: 0, max: 1_000_000, step: 1, initial: usual.validateEvery },
  sampleEvery: { min: 0, max: 1_000_000, step: 1, initial: usual.sampleEvery },
  checkpointEvery: { min: 1, max: 1_000_000, step: 1, initial: usual.checkpointEvery },
} as const satisfies Record<string, Range>;

export const mostSamples = 12;

/** The quick preset: what is asked for when a person only presses start. */
export const firstJob: JobForm = withPreset(formOf(usual), jobPresets[0].id);

export type PresetId = (typeof jobPresets)[number]['id'];
/** What some preset says; the others have its default. */
type Pace = Pick<JobValues, 'steps' | 'batch' | 'points' | 'learningRate' | 'validateEvery' | 'sampleEvery' | 'checkpointEvery'>;

function paceOf(id: PresetId): Pace {
  const { steps, batch, points, learningRate, validateEvery, sampleEvery, checkpointEvery } = usual;
  return { steps, batch, points, learningRate, validateEvery, sampleEvery, checkpointEvery, ...jobPresets.find((preset) => preset.id === id)?.config };
}

export function withPreset(form: JobForm, id: PresetId): JobForm {
  return { ...form, values: { ...form.values, ...paceOf(id) } };
}

/** The preset whose values stand in the form, if any. */
export function presetOf({ values }: JobForm): PresetId | null {
  const keys = Object.keys(paceOf('quick')) as (keyof Pace)[];
  return jobPresets.find(({ id }) => keys.every((key) => values[key] === paceOf(id)[key]))?.id ?? null;
}

/** A source without pictures leaves no choice of where points come from. */
export function withSource(form: JobForm, source: SourceKind): JobForm {
  const pictures = source === 'storybook' || source === 'folder';
  return { ...form, source, values: pictures || form.values.pointsFrom === 'student' ? form.values : { ...form.values, pointsFrom: 'trajectories' } };
}

/** The form as a configuration has it: of an earlier job, to be asked again with changes. */
export function formOf({ source, samples, ...values }: JobConfig): JobForm {
  return {
    values,
    source: source.kind,
    search: source.kind === 'library' ? source.search : '',
    folder: source.kind === 'folder' ? source.path : '',
    file: source.kind === 'file' ? source.path : '',
    list: source.kind === 'list' ? source.prompts.join('\n') : '',
    samples,
  };
}

/** A field, as far as something can be wrong with it. */
export type JobField = 'name' | 'guidanceRange' | 'list' | 'folder' | 'file' | 'pointsFrom' | 'accumulate' | 'samples' | 'other';

/** What keeps a job from being asked for; `part` is the piece of text or the rule that is meant. */
export type JobProblem =
  | { kind: 'name' | 'nameTaken' | 'range' | 'list' | 'path' | 'points' | 'parts' | 'samplePrompt' }
  | { kind: 'listLine' | 'rule'; part: string };
export type JobProblems = Partial<Record<JobField, JobProblem>>;

export type ComposedJob = { ok: true; config: JobConfig } | { ok: false; problems: JobProblems };

/** The configuration that the form stands for, or everything that is wrong with it, by field. `taken`: names of models. */
export function composeJob(form: JobForm, taken: readonly string[]): ComposedJob {
  const { values } = form;
  const problems: JobProblems = {};
  const prompts = linesOf(form.list);
  const source = sourceOf(form, prompts);
  if (!JobConfig.shape.name.safeParse(values.name).success) problems.name = { kind: 'name' };
  else if (taken.includes(values.name)) problems.name = { kind: 'nameTaken' };
  if (values.guidanceRange[0] > values.guidanceRange[1]) problems.guidanceRange = { kind: 'range' };
  if (source.kind === 'list') {
    const long = prompts.find((prompt) => !PromptText.safeParse(prompt).success);
    if (prompts.length === 0) problems.list = { kind: 'list' };
    else if (long !== undefined) problems.list = { kind: 'listLine', part: `${long.slice(0, 40)} …` };
  }
  if (source.kind === 'folder' && source.path === '') problems.folder = { kind: 'path' };
  if (source.kind === 'file' && source.path === '') problems.file = { kind: 'path' };
  if (!sourceHasPictures(source) && values.pointsFrom === 'noised') problems.pointsFrom = { kind: 'points' };
  if (values.batch % values.accumulate !== 0) problems.accumulate = { kind: 'parts' };
  if (form.samples?.some(({ prompt }) => prompt.trim() === '') === true) problems.samples = { kind: 'samplePrompt' };
  if (Object.keys(problems).length > 0) return { ok: false, problems };

  const read = JobConfig.safeParse({
    ...values,
    // What a kind or strategy has no use for is not said.
    reflection: values.strategy === 'euler' ? {} : values.reflection,
    fusionScale: values.kind === 'teefusion' && values.initFrom === null ? values.fusionScale : null,
    ...(values.initFrom !== null && { guidanceEmbedding: null, guidanceMultiplier: usual.guidanceMultiplier }),
    evaluate: evaluationOf(values),
    source,
    samples: form.samples,
  });
  if (read.success) return { ok: true, config: read.data };
  const { path, message } = read.error.issues[0]!;
  return { ok: false, problems: { other: { kind: 'rule', part: `${path.join('.')}: ${message}` } } };
}

/** Scales that the student does not learn are not asked of it. */
function evaluationOf({ evaluate, guidanceRange: [low, high] }: JobValues): JobValues['evaluate'] {
  const within = evaluate?.guidance?.filter((scale) => scale >= low && scale <= high) ?? [];
  return evaluate === null ? null : { ...evaluate, guidance: within.length > 0 ? within : null };
}

/** Begins with the teacher's weights: there is then no student whose way could be followed. */
const fromTeacher = (values: JobValues): JobValues => ({ ...values, initFrom: null, pointsFrom: values.pointsFrom === 'student' ? 'trajectories' : values.pointsFrom });

/** Adapters learn with AdamW only, and beside their teacher. */
export function withLora({ values, ...form }: JobForm, lora: JobValues['lora']): JobForm {
  return { ...form, values: lora === null ? { ...values, lora } : { ...fromTeacher(values), lora, optimizer: 'adamw' } };
}

/** A student goes on from one of the same teacher, as the kind that it is and whole. null, or a model that is no student: from the teacher. */
export function withInit({ values, ...form }: JobForm, student: Pick<ModelInfo, 'id' | 'guidanceKind'> | null): JobForm {
  const kind = student?.guidanceKind ?? null;
  return { ...form, values: student === null || kind === null ? fromTeacher(values) : { ...values, initFrom: student.id, kind, lora: null } };
}

export const withTeacher = ({ values, ...form }: JobForm, teacher: string): JobForm => ({ ...form, values: { ...fromTeacher(values), teacher } });

export const withKind = ({ values, ...form }: JobForm, kind: JobValues['kind']): JobForm =>
  ({ ...form, values: kind === values.kind ? values : { ...fromTeacher(values), kind } });

function sourceOf(form: JobForm, prompts: string[]): JobSource {
  switch (form.source) {
    case 'storybook':
      return { kind: 'storybook' };
    case 'library':
      return { kind: 'library', search: form.search.trim() };
    case 'folder':
      return { kind: 'folder', path: form.folder.trim() };
    case 'file':
      return { kind: 'file', path: form.file.trim() };
    case 'list':
      return { kind: 'list', prompts };
  }
}

export function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

/** `name`, or it with the first number that no model and no other job has. */
export function freeStudentName(name: string, taken: readonly string[]): string {
  for (let number = 2, candidate = name; ; number += 1) {
    if (!taken.includes(candidate)) return candidate;
    candidate = `${name}-${number}`;
  }
}

/** The teacher that a form begins with: the usual one if it runs, else any that does. */
export function firstTeacher(models: readonly ModelInfo[]): string | null {
  const whole = models.filter((model) => model.kind === 'teacher' && model.problem === null);
  return (whole.find((model) => model.id === usual.teacher) ?? whole[0])?.id ?? null;
}
