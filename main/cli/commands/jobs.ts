// `studio jobs`: the library's distillation jobs, and going on with one until it ends. The list is read from the library, whoever has it;
// a job goes on in a studio of our own or in the one that has the library.
import { fromErrorData, StudioError } from '../../contract/errors.ts';
import type { JobRecord } from '../../contract/jobs.ts';
import { openReadOnly } from '../../library/library.ts';
import type { Command, Context } from '../command.ts';
import { DistillDisplay } from '../distill-display.ts';
import { UsageError } from '../options.ts';
import { table } from '../terminal.ts';
import { unwrap } from '../watch-run.ts';

export const jobs: Command = {
  name: 'jobs',
  summary: 'List the distillation jobs, or go on with one that stopped.',
  synopsis: '[resume NAME|ID]',
  options: {},
  async run(context) {
    const [verb, which, extra] = context.args.positionals;
    if (verb === undefined) return list(context);
    if (verb !== 'resume') throw new UsageError(`unknown word "${verb}"`, '"studio jobs" lists them, "studio jobs resume NAME" goes on with one.');
    if (which === undefined) throw new UsageError('the job\'s name or id is missing');
    if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`);
    return resume(context, which);
  },
};

function read(libraryDir: string): JobRecord[] {
  const library = openReadOnly(libraryDir);
  try {
    return library.jobs.list();
  } finally {
    library.close();
  }
}

async function list({ terminal, libraryDir }: Context): Promise<void> {
  const records = read(libraryDir);
  const rows = records.map(({ name, state, checkpointStep, config, id, reason }) => [name, state, `${checkpointStep}/${config.steps}`, id, reason?.message ?? '']);
  terminal.result({ jobs: records }, rows.length === 0 ? 'no jobs yet' : table([['name', 'state', 'saved', 'id', ''], ...rows]));
}

async function resume({ terminal, libraryDir, studio, signal }: Context, which: string): Promise<void> {
  const known = read(libraryDir).find(({ id, name }) => id === which || name === which);
  if (known === undefined) throw new StudioError('not-found', `There is no job "${which}".`, { hint: '"studio jobs" lists them.' });
  const { id } = known;
  const session = await studio();
  const display = new DistillDisplay(terminal.streams.stderr, terminal.json);
  let latest = known;
  let wake: () => void = () => undefined;
  // Listening starts first: a short job may have ended before the answer is here.
  const unsubscribe = [
    session.on('job.metrics', ({ job, progress }) => job === id && display.show(progress)),
    session.on('job.changed', ({ job }) => {
      if (job.id === id) latest = job;
      wake();
    }),
  ];
  const pause = () => void session.call('jobs.pause', { job: id });
  signal.addEventListener('abort', pause);
  try {
    const begun = unwrap(await session.call('jobs.resume', { job: id }));
    // What it was before says nothing; what was heard meanwhile is newer than the answer.
    if (latest === known) latest = begun;
    if (signal.aborted) pause();
    const gone = session.gone.then(() => 'gone' as const);
    while (!hasEnded(latest)) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      if ((await Promise.race([changed, gone])) === 'gone') throw new StudioError('engine-crashed', 'The studio that trained was closed.', { hint: `To go on: studio jobs resume ${which}` });
    }
  } finally {
    signal.removeEventListener('abort', pause);
    for (const stop of unsubscribe) stop();
    display.end();
  }
  if (latest.state !== 'done') throw outcome(latest);
  terminal.result(latest, table([['model', latest.model ?? ''], ['steps', String(latest.config.steps)], ['id', id]]));
}

const hasEnded = ({ state }: JobRecord): boolean => state !== 'queued' && state !== 'estimating' && state !== 'running';

function outcome({ reason, state, name, checkpointStep }: JobRecord): StudioError {
  if (reason !== null) return fromErrorData(reason);
  return new StudioError('cancelled', `The job is ${state}; ${checkpointStep} steps are kept.`, { hint: `To go on: studio jobs resume ${name}` });
}
