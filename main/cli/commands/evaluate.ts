// `studio evaluate`: measures models on the same prompts and seeds, and reports what holds, what it costs, and how sure that is.
// Works the same on a studio of our own and on an attached one; stopped, it says how to go on.
import type { StudioClient } from '../../contract/contract.ts';
import { fromErrorData, StudioError } from '../../contract/errors.ts';
import { EvaluateRequest, type EvaluationPrompt, type EvaluationRecord, type EvaluationReport } from '../../contract/evaluation.ts';
import { Id, Sampler } from '../../contract/schemas.ts';
import { checkFacts, checkPublished, exportEvaluation, promptsOfFile, recordsOf } from '../../studio/evaluation-export.ts';
import type { Command } from '../command.ts';
import { EvaluateDisplay } from '../evaluate-display.ts';
import { checkInWords, evaluationSummary, reproducedInWords } from '../evaluate-summary.ts';
import { type Arguments, UsageError, validated } from '../options.ts';
import { present } from '../picture-options.ts';
import { publishedFacts } from '../places.ts';
import type { Session } from '../session.ts';
import { unwrap } from '../watch-run.ts';

const options = {
  models: { value: 'A,B', help: 'the models to measure (default storybook,storybook-teefusion)' },
  guidance: { value: 'N,N', help: 'guidance scales (default 1,2,3,5,7,9)' },
  sampler: { value: 'NAME,NAME', help: `samplers of the teachers: ${Sampler.options.join(', ')} (default euler)` },
  steps: { value: 'N', help: 'denoising steps, 1 to 200 (default 20)' },
  'reflection-steps': { value: 'N', help: 'how many leading steps reflect (z-sampling, w2sd)' },
  'inversion-guidance': { value: 'N', help: 'guidance of the way back (z-sampling, default 0.5)' },
  'weak-guidance': { value: 'N', help: 'guidance of the weak model (w2sd, default 1)' },
  'no-guard': { help: 'reflect near the end of the schedule too' },
  prompts: { value: 'FILE', help: 'a file of prompts, one a line or JSON Lines; or held-out, known: the published lists (default held-out)' },
  count: { value: 'N', help: 'how many of them, from the first (default 64; of a file all)' },
  'no-controls': { help: 'only what is asked for: no teacher at equal passes, no CFG at the effective scale' },
  'no-copies': { help: 'do not look for copies of training pictures' },
  resamples: { value: 'N', help: 'resamples of the intervals, 100 to 100000 (default 2000)' },
  out: { value: 'DIR', help: 'also write report.json, .csv, .md, charts, sheets, records and pictures into this folder' },
  resume: { value: 'ID', help: 'go on with an evaluation that stopped, or show one that is done' },
  check: { value: 'FILE', help: 'compare the facts with a published facts.jsonl or records.jsonl; a difference ends with exit code 1' },
} as const;

/** Option of each field of the request. */
const flags: Readonly<Record<string, string>> = Object.freeze({
  models: '--models', guidance: '--guidance', samplers: '--sampler', steps: '--steps', prompts: '--prompts', count: '--count', resamples: '--resamples',
  'reflection.steps': '--reflection-steps', 'reflection.inversionGuidance': '--inversion-guidance', 'reflection.weakGuidance': '--weak-guidance',
});
/** What goes with --resume: everything else was settled when the evaluation began. */
const withResume = new Set(['resume', 'out', 'check']);

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'Measure models on the same prompts and seeds: what they get right, how like real pictures, at which cost.',
  synopsis: '',
  options,
  async run({ args, terminal, libraryDir, studio, signal }) {
    args.none();
    const resumed = resumedId(args);
    const request = resumed === null ? await evaluateRequest(args) : null;
    const session = await studio();
    const display = new EvaluateDisplay(terminal.streams.stderr, terminal.json);
    const start = () => begin(session, request, resumed);
    const id = await finished(session, start, { display, signal, note: (text) => terminal.note(text) });
    const report = await reportOf(session, id);
    for (const { message } of report.warnings) terminal.note(`warning: ${message}`);
    const out = args.text('out');
    if (out !== undefined) terminal.note(`written to ${await exportEvaluation(libraryDir, report, out)}`);
    const records = await recordsOf(libraryDir, id);
    const file = args.text('check');
    const check = file === undefined ? null : await checkFacts(records, file);
    const published = await checkPublished(report, records, publishedFacts);
    if (check?.otherEvaluator) terminal.note(`Another version of the evaluator has read the facts of ${file}: a difference need not be one of the pictures.`);
    if (published?.comparison && published.otherEvaluator) terminal.note('The published facts were read by another version of the evaluator: a difference need not be one of the pictures.');
    for (const model of published?.otherWeights ?? []) terminal.note(`The published facts of ${model} are of other weights; its pictures are not compared with them.`);
    const reproduced = published?.comparison ?? null;
    const said = [evaluationSummary(report), ...(check === null ? [] : [checkInWords(check)]), ...(reproduced === null ? [] : [reproducedInWords(reproduced)])];
    terminal.result({ ...report, ...(check && { check }), ...(reproduced && { published: reproduced }) }, said.join('\n\n'));
    return check !== null && check.differences.length > 0 ? 1 : 0;
  },
};

function resumedId(args: Arguments): string | null {
  const typed = args.text('resume');
  if (typed === undefined) return null;
  const extra = Object.keys(options).find((name) => !withResume.has(name) && (args.text(name) !== undefined || args.has(name)));
  if (extra !== undefined) throw new UsageError(`--resume goes on with the settings that the evaluation began with; leave --${extra} out`);
  return validated(Id, typed, { '': '--resume' });
}

/** What was typed, checked. @throws UsageError naming the option; StudioError for a file of prompts that cannot be read */
export async function evaluateRequest(args: Arguments): Promise<EvaluateRequest> {
  const prompts = await promptsOf(args.text('prompts'));
  const reflection = present({
    steps: args.number('reflection-steps'), inversionGuidance: args.number('inversion-guidance'), weakGuidance: args.number('weak-guidance'),
    guard: args.has('no-guard') ? false : undefined,
  });
  return validated(EvaluateRequest, {
    models: list(args.text('models')) ?? ['storybook', 'storybook-teefusion'],
    reflection,
    ...present({
      guidance: list(args.text('guidance'))?.map(scale),
      // Checked with the rest of the request.
      samplers: list(args.text('sampler')) as Sampler[] | undefined,
      steps: args.number('steps'),
      prompts,
      count: args.number('count') ?? (Array.isArray(prompts) ? prompts.length : undefined),
      controls: args.has('no-controls') ? false : undefined,
      copies: args.has('no-copies') ? false : undefined,
      resamples: args.number('resamples'),
    }),
  }, new Proxy(flags, { get: (known, path: string) => known[path] ?? known[path.replace(/\.\d+.*$/, '')] }));
}

async function promptsOf(typed: string | undefined): Promise<EvaluationPrompt[] | 'held-out' | 'known' | undefined> {
  if (typed === undefined || typed === 'held-out' || typed === 'known') return typed;
  return promptsOfFile(typed);
}

function list(typed: string | undefined): string[] | undefined {
  return typed?.split(',').map((part) => part.trim()).filter((part) => part !== '');
}

function scale(typed: string): number {
  const value = Number(typed);
  if (!Number.isFinite(value)) throw new UsageError(`--guidance takes numbers such as 1,3,5, not "${typed}"`);
  return value;
}

/** Starts or resumes; of one that is done already there is nothing to start. */
async function begin(studio: Pick<StudioClient, 'call'>, request: EvaluateRequest | null, resumed: string | null): Promise<EvaluationRecord> {
  if (request !== null) return unwrap(await studio.call('evaluations.start', request));
  const { evaluation } = unwrap(await studio.call('evaluations.get', { evaluation: resumed! }));
  return evaluation.state === 'done' ? evaluation : unwrap(await studio.call('evaluations.resume', { evaluation: resumed! }));
}

interface Watch {
  readonly display: EvaluateDisplay;
  readonly signal: AbortSignal;
  note(text: string): void;
}

/** Starts an evaluation and waits for its end; an abort stops it. @returns its id. @throws StudioError: how it ended, when not well */
async function finished(studio: Session, start: () => Promise<EvaluationRecord>, { display, signal, note }: Watch): Promise<string> {
  const latest = new Map<string, EvaluationRecord>();
  let id: string | null = null;
  let wake: () => void = () => undefined;
  // Listening starts first: what happens before the answer to `start` is here must not be missed.
  const unsubscribe = [
    studio.on('evaluation.progress', (progress) => progress.evaluation === id && display.show(progress)),
    studio.on('evaluation.changed', ({ evaluation }) => {
      latest.set(evaluation.id, evaluation);
      wake();
    }),
  ];
  const cancel = () => id !== null && void studio.call('evaluations.cancel', { evaluation: id });
  signal.addEventListener('abort', cancel);
  try {
    if (signal.aborted) throw new StudioError('cancelled', 'Cancelled.');
    const begun = await start();
    id = begun.id;
    if (signal.aborted) cancel();
    else if (begun.state !== 'done') note(`evaluation ${id}: ${begun.total} pictures, ${begun.done} of them drawn`);
    const gone = studio.gone.then(() => 'gone' as const);
    for (;;) {
      const record = latest.get(id) ?? begun;
      if (record.state !== 'queued' && record.state !== 'running') return outcome(record);
      const changed = new Promise<void>((resolve) => (wake = resolve));
      // Between the look above and here nothing else runs.
      if ((await Promise.race([changed, gone])) === 'gone') throw stopped(record, 'The studio that evaluated was closed.');
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    for (const stop of unsubscribe) stop();
    display.end();
  }
}

function outcome(record: EvaluationRecord): string {
  if (record.state === 'done') return record.id;
  if (record.error !== null) throw fromErrorData({ ...record.error, hint: record.error.hint ?? resumeHint(record) });
  throw stopped(record, 'Cancelled.');
}

function stopped(record: EvaluationRecord, why: string): StudioError {
  return new StudioError('cancelled', `${why} ${record.done} of ${record.total} pictures are drawn and kept.`, { hint: resumeHint(record) });
}

function resumeHint({ id }: EvaluationRecord): string {
  return `To go on: studio evaluate --resume ${id}`;
}

async function reportOf(studio: Pick<StudioClient, 'call'>, id: string): Promise<EvaluationReport> {
  const { report } = unwrap(await studio.call('evaluations.get', { evaluation: id }));
  if (report === null) throw new StudioError('corrupt-file', `The report of the evaluation ${id} cannot be read.`, { hint: 'The studio is putting it together anew; try again in a moment.' });
  return report;
}
