// `studio jobs`: the library's distillation jobs, going on with one until it ends, and handing a student out. The list is read from the
// library, whoever has it; a job goes on in a studio of our own or in the one that has the library.
import { StudioError } from '../../contract/errors.ts';
import { ExportFormat, type JobRecord } from '../../contract/jobs.ts';
import { openReadOnly } from '../../library/library.ts';
import type { Command, Context } from '../command.ts';
import { DistillDisplay } from '../distill-display.ts';
import { followedJob } from '../follow-job.ts';
import { UsageError, validated } from '../options.ts';
import { room, table } from '../terminal.ts';
import { unwrap } from '../watch-run.ts';

export const jobs: Command = {
  name: 'jobs',
  summary: 'List the distillation jobs, go on with one that stopped, or hand a finished student out.',
  synopsis: '[resume|export NAME|ID]',
  options: {
    format: { value: 'NAME', help: `what export writes into the library's folder of exports: ${ExportFormat.options.join(', ')} (default folder)` },
  },
  async run(context) {
    const [verb, which, extra] = context.args.positionals;
    if (verb === undefined) return list(context);
    if (verb !== 'resume' && verb !== 'export') throw new UsageError(`unknown word "${verb}"`, '"studio jobs" lists them, "studio jobs resume NAME" goes on with one, "studio jobs export NAME" hands one out.');
    if (which === undefined) throw new UsageError('the job\'s name or id is missing');
    if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`);
    return verb === 'resume' ? resume(context, which) : exported(context, which, context.args.text('format') ?? 'folder');
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
  const session = await studio();
  const display = new DistillDisplay(terminal.streams.stderr, terminal.json);
  const begin = async () => unwrap(await session.call('jobs.resume', { job: known.id }));
  const done = await followedJob(session, begin, { display, signal, again: `studio jobs resume ${which}` });
  terminal.result(done, table([['model', done.model ?? ''], ['steps', String(done.config.steps)], ['id', done.id]]));
}

async function exported({ terminal, libraryDir, studio }: Context, which: string, format: string): Promise<void> {
  const known = read(libraryDir).find(({ id, name, model }) => id === which || name === which || model === which);
  if (known === undefined) throw new StudioError('not-found', `There is no job "${which}".`, { hint: '"studio jobs" lists them.' });
  const written = unwrap(await (await studio()).call('jobs.export', { job: known.id, format: validated(ExportFormat, format as ExportFormat, { '': '--format' }) }));
  terminal.result(written, table([['written', written.path], ['size', room(written.bytes)]]));
}
