// What a start does about a process that was killed: finishes or forgets half-done file changes, adopts pictures that no
// row knows from what they say about themselves, and tells what it found.
import { randomUUID } from 'node:crypto';
import { asStudioError } from '../errors.ts';
import type { ImageRecord, RunRecord } from '../../contract/schemas.ts';
import type { Database, Log } from '../database.ts';
import type { ImageRepository } from '../repositories/images.ts';
import type { RunRepository } from '../repositories/runs.ts';
import type { ImageFiles } from './files.ts';
import { FileIntents } from './intents.ts';
import { readMetadata, type PictureMetadata } from './metadata.ts';
import { decodePng, sha256 } from './png.ts';

export interface RecoveryReport {
  /** Images whose storing was finished, with their full records. */
  completed: string[];
  /** Images adopted from the text in their files, each in a run of its own. */
  adopted: string[];
  /** Runs that a dead process had left queued or running. */
  interrupted: string[];
  removedFiles: number;
  /** Unfinished files under temporary names. */
  removedTemporaries: number;
  /** Hashes of files that no row knows and that cannot be adopted; they are left alone. */
  unreadable: string[];
  /** Hashes that rows refer to and that are not there. */
  missing: string[];
}

interface Parts {
  database: Database;
  runs: RunRepository;
  images: ImageRepository;
  files: ImageFiles;
  log: Log;
}

export async function recover(parts: Parts): Promise<RecoveryReport> {
  const removedTemporaries = parts.files.clearTemporary();
  const { completed, removedFiles } = finishIntents(parts);
  const present = new Set(parts.files.list());
  const known = parts.images.files();
  const { adopted, unreadable } = await adopt(parts, [...present].filter((hash) => !known.has(hash)));
  const interrupted = parts.runs.interruptUnfinished();
  return { completed, adopted, interrupted, removedFiles, removedTemporaries, unreadable, missing: [...known].filter((hash) => !present.has(hash)) };
}

function finishIntents({ database, runs, images, files, log }: Parts): Pick<RecoveryReport, 'completed' | 'removedFiles'> {
  const intents = new FileIntents(database);
  const completed: string[] = [];
  let removedFiles = 0;
  for (const intent of intents.all()) {
    database.transaction(() => {
      if (intent.intent === 'store' && isWhole(files, intent.sha256) && runs.exists(intent.record.run)) {
        images.insert(intent.record);
        completed.push(intent.record.id);
      } else if (intent.intent === 'remove' && !images.usesFile(intent.sha256)) {
        try {
          files.remove(intent.sha256);
          removedFiles++;
        } catch (error) {
          log(`${asStudioError(error, 'Removing a picture').message} It is tried again at the next start.`);
          return;
        }
      }
      intents.end(intent.sha256);
    });
  }
  return { completed, removedFiles };
}

async function adopt({ database, runs, images, files, log }: Parts, orphans: readonly string[]): Promise<Pick<RecoveryReport, 'adopted' | 'unreadable'>> {
  const found: { run: RunRecord; image: ImageRecord }[] = [];
  const unreadable: string[] = [];
  for (const hash of orphans) {
    try {
      const bytes = files.read(hash);
      const metadata = readMetadata(bytes);
      if (metadata) found.push(fromFile(hash, metadata, sha256((await decodePng(bytes)).rgb), files.writtenAt(hash)));
      else unreadable.push(hash);
    } catch (error) {
      log(`${hash}.png cannot be adopted: ${asStudioError(error, 'Reading it').message}`);
      unreadable.push(hash);
    }
  }
  found.sort((a, b) => a.run.createdAt.localeCompare(b.run.createdAt));
  database.transaction(() => {
    for (const { run, image } of found) {
      runs.insert(run);
      images.insert(image);
    }
  });
  return { adopted: found.map(({ image }) => image.id), unreadable };
}

/** A run and an image with all that a file knows. It knows neither its run nor its times. */
function fromFile(hash: string, metadata: PictureMetadata, pixelSha256: string, writtenAt: Date): { run: RunRecord; image: ImageRecord } {
  const { format: _format, version: _version, ...made } = metadata;
  const { prompt, negativePrompt, guidance, steps, seed, sampler, reflection, model } = made;
  const createdAt = writtenAt.toISOString();
  // Guidance at one pass per step is what only a distilled student can do.
  const isStudent = made.nfe === steps && guidance !== 0 && guidance !== 1;
  const run: RunRecord = {
    id: randomUUID(), kind: 'generate', state: 'interrupted', createdAt,
    prompt, negativePrompt, guidance, steps, seed, sampler, reflection,
    teacher: isStudent ? null : model, student: isStudent ? model : null, count: 1, verdict: null, error: null, images: [],
    warnings: [{ code: 'adopted', message: 'This picture was found without its record; its settings are from the file, its times are not known.' }],
  };
  const image: ImageRecord = {
    ...made, id: randomUUID(), run: run.id, role: 'single', ms: 0, samplingMs: 0, decodeMs: 0, sha256: hash, pixelSha256, createdAt,
  };
  return { run, image };
}

function isWhole(files: ImageFiles, hash: string): boolean {
  try {
    files.read(hash);
    return true;
  } catch {
    return false;
  }
}
