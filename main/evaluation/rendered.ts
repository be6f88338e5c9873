// Descriptors of drawn scenes, kept in files of a folder that the caller owns: drawing tens of thousands takes minutes, reading them a moment.
// A cache and no more: what is missing, torn or drawn by other code is drawn again.
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../contract/errors.ts';
import { renderBatch, type HeldOut } from '../storybook/dataset.ts';
import type { Stage } from '../storybook/grammar.ts';
import { describePicture, descriptorLength } from './nearest.ts';

/** The first `count` scenes of a seed, as `renderBatch` numbers them. */
export interface RenderedSet {
  readonly stage: Stage;
  readonly seed: number;
  readonly count: number;
  readonly heldOut: HeldOut;
}

export interface RenderOptions {
  /** Of descriptors newly drawn, of those that had to be. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const chunk = 32;
const size = 128;

/**
 * The descriptors of sets of scenes, one after the other. A build that was stopped goes on where it was.
 * @throws StudioError `cancelled`; `disk-full`, `permission` when the folder cannot be written
 */
export async function renderedDescriptors(folder: string, sets: readonly RenderedSet[], { onProgress, signal }: RenderOptions = {}): Promise<Uint8Array> {
  const opened: { set: RenderedSet; file: FileHandle; kept: Uint8Array }[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const set of sets) {
      const file = await open(path.join(folder, fileName(set)), 'a+').then(async (created) => {
        await created.close();
        return open(path.join(folder, fileName(set)), 'r+');
      });
      opened.push({ set, file, kept: new Uint8Array() });
      opened.at(-1)!.kept = await stillTrue(set, await readWhole(file, set.count));
    }
    const total = opened.reduce((sum, { set, kept }) => sum + set.count - kept.length / descriptorLength, 0);
    let done = 0;
    const all: Uint8Array[] = [];
    for (const { set, file, kept } of opened) {
      const descriptors = new Uint8Array(set.count * descriptorLength);
      descriptors.set(kept);
      if (kept.length === 0) await file.truncate(0);
      for (let start = kept.length / descriptorLength; start < set.count; start += chunk) {
        if (signal?.aborted) throw new StudioError('cancelled', 'Drawing the training pictures was stopped; it goes on from here next time.');
        const count = Math.min(chunk, set.count - start);
        const samples = await renderBatch({ ...set, start, count, size });
        samples.forEach(({ rgb }, i) => descriptors.set(describePicture({ width: size, height: size, rgb }), (start + i) * descriptorLength));
        await file.write(descriptors, start * descriptorLength, count * descriptorLength, start * descriptorLength);
        done += count;
        onProgress?.(done, total);
      }
      if (kept.length < descriptors.length) await file.sync();
      all.push(descriptors);
    }
    return Buffer.concat(all);
  } catch (thrown) {
    throw cacheError(thrown, folder);
  } finally {
    for (const { file } of opened) await file.close();
  }
}

function fileName({ stage, seed, heldOut }: RenderedSet): string {
  return `renders-${stage}-${heldOut}-${seed}.oklab16`;
}

/** The descriptors at the beginning of a file that were written whole: a power cut may leave half of one, or zeros. */
async function readWhole(file: FileHandle, most: number): Promise<Uint8Array> {
  const { size: bytes } = await file.stat();
  const content = new Uint8Array(Math.min(most, Math.floor(bytes / descriptorLength)) * descriptorLength);
  await file.read(content, 0, content.length, 0);
  for (let at = 1; at < content.length; at += 3) {
    if (content[at] === 0) return content.subarray(0, Math.floor(at / descriptorLength) * descriptorLength);
  }
  return content;
}

/** Draws the first and the last again: when they look otherwise now, the world is drawn differently, and all the rest with it. */
async function stillTrue(set: RenderedSet, kept: Uint8Array): Promise<Uint8Array> {
  for (const at of kept.length === 0 ? [] : [0, kept.length / descriptorLength - 1]) {
    const [sample] = await renderBatch({ ...set, start: at, count: 1, size });
    const now = describePicture({ width: size, height: size, rgb: sample!.rgb });
    // A level of difference is rounding, of another machine's arithmetic say.
    if (now.some((value, i) => Math.abs(value - kept[at * descriptorLength + i]!) > 1)) return new Uint8Array();
  }
  return kept;
}

/** What went wrong with the folder, in words that a person can act on. */
export function cacheError(thrown: unknown, folder: string): unknown {
  const code = (thrown as NodeJS.ErrnoException).code;
  if (thrown instanceof StudioError || typeof code !== 'string') return thrown;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StudioError('disk-full', `No room for the index of training pictures in ${folder}.`, { hint: 'It needs 30 MB.', cause: thrown });
  }
  return new StudioError('permission', `The index of training pictures in ${folder} cannot be written: ${(thrown as Error).message}`, { cause: thrown });
}
