// Keeps picture files and their rows together: stores a picture, removes files that lost their last row.
import { randomUUID } from 'node:crypto';
import { StudioError } from '../../contract/errors.ts';
import { ImageRecord } from '../../contract/schemas.ts';
import type { Database } from '../database.ts';
import type { ImageRepository } from '../repositories/images.ts';
import type { ImageFiles } from './files.ts';
import { FileIntents } from './intents.ts';
import { metadataOf, metadataTexts } from './metadata.ts';
import { encodePng, sha256, type Picture } from './png.ts';

const computed = { id: true, width: true, height: true, sha256: true, pixelSha256: true, createdAt: true } as const;
const NewImage = ImageRecord.omit(computed);
/** What made a picture and what it cost; the rest of its record follows from the picture itself. */
export type NewImage = Omit<ImageRecord, keyof typeof computed>;

export class ImageStore {
  readonly #database: Database;
  readonly #images: ImageRepository;
  readonly #files: ImageFiles;
  readonly #intents: FileIntents;

  constructor(database: Database, images: ImageRepository, files: ImageFiles) {
    this.#database = database;
    this.#images = images;
    this.#files = files;
    this.#intents = new FileIntents(database);
  }

  /**
   * Encodes and stores a picture of a run. File and row are on disk when this resolves; when it rejects, there is
   * neither. Throws `invalid-input`, `not-found` (the run), `disk-full`, `permission`.
   */
  async store(input: NewImage & { picture: Picture }): Promise<ImageRecord> {
    const { picture, ...values } = input;
    const parsed = NewImage.safeParse(values);
    if (!parsed.success) throw new StudioError('invalid-input', 'This picture cannot be stored.', { details: parsed.error.message });
    const image = {
      ...parsed.data,
      // What SQLite and UTF-8 would make of it, so that file, row and answer say the same.
      prompt: parsed.data.prompt.toWellFormed(),
      negativePrompt: parsed.data.negativePrompt.toWellFormed(),
      width: picture.width,
      height: picture.height,
    };
    const png = await encodePng(picture, metadataTexts(metadataOf(image)));
    const record: ImageRecord = {
      ...image, id: randomUUID(), sha256: sha256(png), pixelSha256: sha256(picture.rgb), createdAt: new Date().toISOString(),
    };
    this.#commit(record, png);
    return record;
  }

  /** Removes those of these files that no row refers to. Returns how many. */
  removeUnused(hashes: Iterable<string>): number {
    let removed = 0;
    for (const hash of new Set(hashes)) {
      if (!this.#images.usesFile(hash)) {
        this.#files.remove(hash);
        removed++;
      }
      this.#intents.end(hash);
    }
    return removed;
  }

  /** Within the transaction that removes rows: their files are not orphans for the next start to adopt. */
  announceRemoval(hashes: Iterable<string>): void {
    for (const hash of new Set(hashes)) this.#intents.begin({ sha256: hash, intent: 'remove' });
  }

  /** Without a pause in between, so that nothing else in this process can remove the file before its row is there. */
  #commit(record: ImageRecord, png: Uint8Array): void {
    this.#intents.begin({ sha256: record.sha256, intent: 'store', record });
    let wrote = false;
    try {
      wrote = this.#files.write(record.sha256, png);
      this.#database.transaction(() => {
        this.#images.insert(record);
        this.#intents.end(record.sha256);
      });
    } catch (error) {
      this.#withdraw(record.sha256, wrote);
      throw error;
    }
  }

  /** As well as a full or broken disk allows: the next start does what could not be done here. */
  #withdraw(hash: string, wrote: boolean): void {
    try {
      if (wrote) this.#files.remove(hash);
      this.#intents.end(hash);
    } catch {
      // The first error says what is wrong.
    }
  }
}
