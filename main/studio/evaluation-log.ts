// The judged pictures of one evaluation as JSON Lines: appended one by one, whole or cut off at the end after a kill or a power cut.
// Knows the file and its lines; which pictures there should be is not its business.
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { fileError } from '../checkpoints/errors.ts';
import { PictureRecord } from '../evaluation/record.ts';

/** A judged picture and what its pixels and its time depend on. */
export const StoredRecord = PictureRecord.extend({
  device: z.string(),
  threads: z.int(),
  runtime: z.string(),
  /** Version of what read the facts. Pictures judged by an earlier studio lack it. */
  evaluatorVersion: z.int().optional(),
  /** Of the decoded RGB bytes. */
  pixelSha256: z.string(),
  /** A student was trained on the same cores meanwhile. */
  beside: z.boolean().optional(),
});
export type StoredRecord = z.infer<typeof StoredRecord>;

/** How many records a power cut may cost; a kill costs none. */
const flushEvery = 16;
const newline = 0x0a;

/** Reads the records from byte `from` on, up to the first line that is torn or none of ours. `end`: where the whole ones end. No file: none. */
export async function readRecords(path: string, from = 0): Promise<{ records: StoredRecord[]; end: number }> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (thrown) {
    const error = fileError(thrown, path);
    if (error.code === 'not-found') return { records: [], end: 0 };
    throw error;
  }
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.max(0, size - from));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    return wholeRecords(bytes.subarray(0, bytesRead), from);
  } catch (thrown) {
    throw fileError(thrown, path);
  } finally {
    await file.close();
  }
}

function wholeRecords(bytes: Buffer, from: number): { records: StoredRecord[]; end: number } {
  const records: StoredRecord[] = [];
  let start = 0;
  for (let stop = bytes.indexOf(newline); stop >= 0; stop = bytes.indexOf(newline, start)) {
    const record = parseRecord(bytes.toString('utf8', start, stop));
    if (record === null) break;
    records.push(record);
    start = stop + 1;
  }
  return { records, end: from + start };
}

function parseRecord(line: string): StoredRecord | null {
  try {
    return StoredRecord.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

export class RecordLog {
  readonly #path: string;
  readonly #file: FileHandle;
  #end: number;
  #unflushed = 0;

  private constructor(path: string, file: FileHandle, end: number) {
    this.#path = path;
    this.#file = file;
    this.#end = end;
  }

  /** Opens the log for its one writer and cuts a torn end off. Throws StudioError: 'permission', 'disk-full'. */
  static async open(path: string): Promise<{ log: RecordLog; records: StoredRecord[] }> {
    const { records, end } = await readRecords(path);
    try {
      // Never 'a': on Linux it ignores positions, and a line that failed half-way is written again over its remains.
      const file = await open(path, 'r+').catch(() => open(path, 'w+'));
      await file.truncate(end);
      return { log: new RecordLog(path, file, end), records };
    } catch (thrown) {
      throw fileError(thrown, path);
    }
  }

  /** The line is with the operating system when this resolves, on disk a few records later. Throws StudioError: 'disk-full', 'permission'. */
  async append(record: StoredRecord): Promise<void> {
    try {
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      for (let written = 0; written < line.length;) {
        written += (await this.#file.write(line, written, line.length - written, this.#end + written)).bytesWritten;
      }
      this.#end += line.length;
      this.#unflushed += 1;
      if (this.#unflushed >= flushEvery) await this.flush();
    } catch (thrown) {
      throw fileError(thrown, this.#path);
    }
  }

  async flush(): Promise<void> {
    this.#unflushed = 0;
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } catch (thrown) {
      throw fileError(thrown, this.#path);
    } finally {
      await this.#file.close();
    }
  }
}
