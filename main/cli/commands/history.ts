// `studio history`: the runs of a library, newest first. Opens it read-only, so it works while another process has it.
import { StudioError } from '../../contract/errors.ts';
import { calls } from '../../contract/contract.ts';
import type { ImageRecord, RunRecord } from '../../contract/schemas.ts';
import { openReadOnly, type LibraryView } from '../../library/library.ts';
import type { Command } from '../command.ts';
import { validated } from '../options.ts';
import { present } from '../picture-options.ts';
import { table } from '../terminal.ts';

export const history: Command = {
  name: 'history',
  summary: 'List the runs of the library, newest first.',
  synopsis: '',
  options: {
    search: { value: 'TEXT', help: 'only runs whose prompt has these words' },
    limit: { value: 'N', help: 'how many, 1 to 500 (default 60)' },
    before: { value: 'RUN_ID', help: 'continue after this run' },
  },
  async run({ args, terminal, libraryDir }) {
    args.none();
    const query = validated(
      calls['runs.list'].input,
      present({ search: args.text('search'), limit: args.number('limit'), before: args.text('before') }),
      { search: '--search', limit: '--limit', before: '--before' },
    );
    const library = openExisting(libraryDir);
    if (library === null) {
      terminal.note(`There is no library at ${libraryDir} yet.`);
      terminal.result({ runs: [], total: 0 }, 'No runs yet.');
      return;
    }
    try {
      const { runs, total } = library.runs.list(query);
      const document = runs.map((run) => ({ ...run, images: run.images.map((image) => ({ ...image, image: pathOf(library, image) })) }));
      terminal.result({ runs: document, total }, inWords(runs, total));
    } finally {
      library.close();
    }
  },
};

function openExisting(dir: string): LibraryView | null {
  try {
    return openReadOnly(dir);
  } catch (error) {
    if (error instanceof StudioError && error.code === 'not-found') return null;
    throw error;
  }
}

/** null when the picture's file is gone: its record is still worth showing. */
function pathOf(library: LibraryView, image: ImageRecord): string | null {
  try {
    return library.imagePath(image.id);
  } catch (error) {
    if (error instanceof StudioError && error.code === 'not-found') return null;
    throw error;
  }
}

function inWords(runs: readonly RunRecord[], total: number): string {
  if (runs.length === 0) return 'No runs found.';
  const rows = runs.map((run) => [
    run.id,
    run.createdAt.slice(0, 16).replace('T', ' '),
    run.state,
    run.kind,
    `guidance ${run.guidance}`,
    `${run.steps} steps`,
    `seed ${run.seed}`,
    JSON.stringify(run.prompt),
  ]);
  return `${table(rows)}\n${runs.length} of ${total}`;
}
