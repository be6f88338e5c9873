// Names the files of a run's pictures for the person who asked for them: in the library, or copied to a folder of theirs.
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StudioError } from '../contract/errors.ts';
import type { ImageRecord } from '../contract/schemas.ts';

/** A picture as the command line prints it. */
export interface PrintedPicture {
  /** For `studio replay`. */
  id: string;
  model: string;
  sampler: string;
  nfe: number;
  ms: number;
  /** Absolute path of the PNG. */
  image: string;
  sha256: string;
}

export function printed(image: ImageRecord, path: string): PrintedPicture {
  return { id: image.id, model: image.model, sampler: image.sampler, nfe: image.nfe, ms: image.ms, image: path, sha256: image.sha256 };
}

/** File name that says what is in it and differs for every picture of a library. */
export function fileName(image: Pick<ImageRecord, 'model' | 'seed' | 'guidance' | 'sha256'>): string {
  return `${image.model}-seed${image.seed}-g${image.guidance}-${image.sha256.slice(0, 8)}.png`;
}

/**
 * Copies a stored picture into `folder`, creating it; under its final name the file is complete.
 * @returns absolute path of the copy
 * @throws StudioError `disk-full`, `permission`
 */
export async function copyPicture(stored: string, image: ImageRecord, folder: string): Promise<string> {
  const target = join(resolve(folder), fileName(image));
  const temporary = `${target}.${process.pid}.part`;
  try {
    await mkdir(resolve(folder), { recursive: true });
    await copyFile(stored, temporary);
    const file = await open(temporary, 'r+');
    await file.sync().finally(() => file.close());
    await rename(temporary, target);
    return target;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const { code } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    throw new StudioError(full ? 'disk-full' : 'permission', `The picture could not be copied to ${target}: ${(error as Error).message}`, {
      hint: `It is in the library all the same: ${stored}`,
      cause: error,
    });
  }
}
