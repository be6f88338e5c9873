// A library, opened: one owner writes, anybody of the same user may read beside it. Composes lock, database,
// repositories and files; knows nothing of engines, queues or windows.
import { StudioError } from '../contract/errors.ts';
import type { ImageRecord } from '../contract/schemas.ts';
import type { Database, Log } from './database.ts';
import { ImageFiles } from './images/files.ts';
import { decodePng, type Picture } from './images/png.ts';
import { recover, type RecoveryReport } from './images/recovery.ts';
import { ImageStore, type NewImage } from './images/store.ts';
import { libraryPaths } from './location.ts';
import { acquireOwnership, Ownership } from './lock.ts';
import { openDatabase, openDatabaseReadOnly } from './migrations/migrate.ts';
import { ImageRepository } from './repositories/images.ts';
import { JobRepository } from './repositories/jobs.ts';
import { PromptRepository } from './repositories/prompts.ts';
import { RunRepository } from './repositories/runs.ts';
import { SettingsRepository } from './repositories/settings.ts';

export interface LibraryOptions {
  /** From `acquireOwnership`, by a caller that wants to know the owner first; else `openLibrary` takes it itself. */
  ownership?: Ownership | undefined;
  /** One line each: slow queries, what recovery could not do. */
  log?: Log | undefined;
}

/** What can be read of a library without owning it. */
export interface LibraryView {
  readonly dir: string;
  readonly runs: Pick<RunRepository, 'get' | 'list'>;
  readonly images: Pick<ImageRepository, 'get' | 'ofRuns' | 'withPixels'>;
  readonly prompts: Pick<PromptRepository, 'list'>;
  readonly jobs: Pick<JobRepository, 'get' | 'list'>;
  readonly settings: Pick<SettingsRepository, 'get'>;
  /** Absolute path of an image's PNG. Throws `not-found`, also when only the file is gone. */
  imagePath(id: string): string;
  /** An image's PNG, its hash checked. Throws `not-found`, `corrupt-file`. */
  readImage(id: string): Buffer;
  /** An image's pixels. Throws as `readImage`. */
  readPicture(id: string): Promise<Picture>;
  close(): void;
}

export interface Library extends LibraryView {
  readonly runs: RunRepository;
  readonly images: Pick<ImageRepository, 'get' | 'ofRuns' | 'withPixels'>;
  readonly prompts: Pick<PromptRepository, 'list'>;
  readonly jobs: JobRepository;
  readonly settings: SettingsRepository;
  readonly ownership: Ownership;
  /** What this start had to put right. */
  readonly recovery: RecoveryReport;
  /**
   * Encodes a picture as PNG with its settings and adds it to its run. File and row are on disk when this resolves; when
   * it rejects, there is neither. Throws `invalid-input`, `not-found` (the run), `disk-full`, `permission`.
   */
  storeImage(image: NewImage & { picture: Picture }): Promise<ImageRecord>;
  /** Removes for good what went to the trash before `before` (default: all of it). Returns how many runs and files went. */
  emptyTrash(before?: Date): { runs: number; files: number };
  /** Gives the library up. Work on pictures must have ended. */
  close(): void;
}

/**
 * Opens the library at `dir` as its owner, creating it when there is none, and puts right what a killed process left.
 * Throws `library-locked` when another process has it, and as `openDatabase`.
 */
export async function openLibrary(dir: string, options: LibraryOptions = {}): Promise<Library> {
  const log = options.log ?? (() => {});
  const ownership = options.ownership ?? takeOwnership(dir);
  let database: Database | undefined;
  try {
    const paths = libraryPaths(dir);
    const files = new ImageFiles(paths);
    files.prepare();
    database = openDatabase(paths.database, { log });
    const repositories = repositoriesOf(database, log);
    const recovery = await recover({ database, files, log, ...repositories });
    return compose(database, files, repositories, ownership, recovery, paths.root);
  } catch (error) {
    database?.close();
    ownership.release();
    throw error;
  }
}

/**
 * Opens the library at `dir` for reading, whoever owns it. Throws `not-found` where there is none, and as
 * `openDatabaseReadOnly`.
 */
export function openReadOnly(dir: string, options: Pick<LibraryOptions, 'log'> = {}): LibraryView {
  const paths = libraryPaths(dir);
  const database = openDatabaseReadOnly(paths.database, { log: options.log });
  return view(database, new ImageFiles(paths), repositoriesOf(database, options.log), paths.root);
}

type Repositories = ReturnType<typeof repositoriesOf>;

function repositoriesOf(database: Database, log: Log | undefined) {
  const prompts = new PromptRepository(database);
  const images = new ImageRepository(database, prompts);
  return {
    prompts, images, runs: new RunRepository(database, prompts, images), jobs: new JobRepository(database, log), settings: new SettingsRepository(database),
  };
}

function view(database: Database, files: ImageFiles, repositories: Repositories, dir: string) {
  const { images } = repositories;
  return {
    dir,
    ...repositories,
    imagePath: (id: string) => files.existing(images.get(id).sha256),
    readImage: (id: string) => files.read(images.get(id).sha256),
    readPicture: async (id: string) => decodePng(files.read(images.get(id).sha256)),
    close: () => database.close(),
  };
}

function compose(
  database: Database, files: ImageFiles, repositories: Repositories, ownership: Ownership, recovery: RecoveryReport, dir: string,
): Library {
  const store = new ImageStore(database, repositories.images, files);
  const { runs } = repositories;
  return {
    ...view(database, files, repositories, dir),
    ownership,
    recovery,
    storeImage: (image) => store.store(image),
    emptyTrash(before = new Date(Date.now() + 1)) {
      const ids = runs.trashedBefore(before);
      const candidates = database.transaction(() => {
        const hashes = ids.flatMap((id) => runs.purge(id));
        store.announceRemoval(hashes);
        return hashes;
      });
      return { runs: ids.length, files: store.removeUnused(candidates) };
    },
    close() {
      database.close();
      ownership.release();
    },
  };
}

function takeOwnership(dir: string): Ownership {
  const attempt = acquireOwnership(dir);
  if (attempt instanceof Ownership) return attempt;
  throw new StudioError('library-locked', 'Another studio has this library open.', {
    hint: 'Use its window, or close it and try again.',
    details: attempt.owner ? `process ${attempt.owner.pid}, since ${attempt.owner.startedAt}` : 'the other process has not said who it is',
  });
}
