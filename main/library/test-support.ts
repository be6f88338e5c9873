// What the tests of the library share: folders that vanish, runs and pictures that are valid, errors by code.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { StudioError, type ErrorCode } from '../contract/errors.ts';
import type { Picture } from './images/png.ts';
import { openLibrary, type Library } from './library.ts';
import { sampleImage, sampleRun } from './samples.ts';

export { sampleImage, sampleRun };

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'teefusion-library-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A library that the test need not close. */
export async function openForTest(dir: string): Promise<Library> {
  const library = await openLibrary(dir);
  onTestFinished(() => {
    library.close();
  });
  return library;
}

export function picture(seed: number, width = 16, height = 12): Picture {
  return { width, height, rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 31 + seed * 17 + ((i * seed) >> 3)) & 255) };
}

/** The code of the StudioError that `work` throws; anything else that it does fails the test. */
export async function codeOf(work: () => unknown): Promise<ErrorCode> {
  try {
    await work();
  } catch (error) {
    if (error instanceof StudioError) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}
