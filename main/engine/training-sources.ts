// What a job learns from, as training takes it: the Storybook world, prompts, or a person's pictures in files.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { fileError } from '../checkpoints/errors.ts';
import { StudioError } from '../contract/errors.ts';
import { promptSource, type PictureSource, type PromptSource } from '../training/distillation-source.ts';
import { storybookPictures } from './storybook-pictures.ts';
import type { PictureItem, TrainingJob } from './training-messages.ts';
import { validationPoints } from '../training/validation.ts';

/** Larger ones are refused before they are unpacked. */
const maxPixels = 128 * 1024 * 1024;

/** To learn from, and for the validation loss: other scenes of the Storybook world; of a person's own, the same at other noise. */
export function sourcesOf({ request, pictures }: Pick<TrainingJob, 'request' | 'pictures'>, size: number): { learned: PromptSource; validated: PromptSource } {
  if (pictures !== null) return twice(pictureFiles(pictures, size));
  if (request.prompts !== null) return twice(promptSource(request.prompts));
  return { learned: storybookPictures(request.seed, request.points, size), validated: storybookPictures(request.seed + validationSeed, validationPoints, size) };
}

/** Far from the neighbouring seeds that a person may choose. */
const validationSeed = 1_000_003;

const twice = (source: PromptSource) => ({ learned: source, validated: source });

/**
 * Pictures of any size and format that sharp reads, their middle square brought to `size` pixels a side. Reading one throws StudioError:
 * 'not-found', 'permission', 'corrupt-file', and 'invalid-input' when it is not the file that the host had seen.
 */
export function pictureFiles(items: readonly PictureItem[], size: number): PictureSource {
  return {
    count: items.length,
    caption: (index) => items[index]!.caption,
    async picture(index) {
      const { file, sha256 } = items[index]!;
      const bytes = await readFile(file).catch((thrown: unknown) => {
        throw fileError(thrown, file);
      });
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw new StudioError('invalid-input', `${file}: this picture has changed since the job began.`, { hint: 'Duplicate the job to learn from the pictures as they are now.' });
      }
      return { rgb: await squared(file, bytes, size), width: size, height: size };
    },
  };
}

async function squared(file: string, bytes: Buffer, size: number): Promise<Uint8Array> {
  try {
    // Transparency becomes white, as a page would show it.
    return await sharp(bytes, { failOn: 'warning', limitInputPixels: maxPixels })
      .autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb').resize(size, size, { fit: 'cover' }).raw({ depth: 'uchar' }).toBuffer();
  } catch (thrown) {
    throw new StudioError('corrupt-file', `${file}: cannot be read as a picture: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
      hint: 'Take it out of the folder, or put a whole copy in its place.', cause: thrown,
    });
  }
}
