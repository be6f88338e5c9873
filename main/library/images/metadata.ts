// What a stored PNG says about itself: everything that determines its pixels, and nothing that changes from run to run
// (no times, no dates, no ids), so that the same picture is the same file.
import { z } from 'zod';
import { StudioError } from '../../contract/errors.ts';
import { ImageRecord, type Sampler } from '../../contract/schemas.ts';
import { readPngTexts } from './png-text.ts';

const { model, modelHash, prompt, negativePrompt, guidance, effectiveGuidance, steps, seed, sampler, reflection,
  generator, nfe, device, threads, runtime, width, height } = ImageRecord.shape;

/** The JSON of the `teefusion` chunk. NFE and effective guidance follow from the rest; they spare a reader the formulas. */
export const PictureMetadata = z.object({
  format: z.literal('teefusion'),
  version: z.literal(1),
  model, modelHash, prompt, negativePrompt, guidance, effectiveGuidance, steps, seed, sampler, reflection,
  generator, nfe, device, threads, runtime, width, height,
});
export type PictureMetadata = z.infer<typeof PictureMetadata>;

const chunkName = 'teefusion';

/** Keeps of an image's values those that belong into its file, in a fixed order. */
export function metadataOf(image: Omit<PictureMetadata, 'format' | 'version'>): PictureMetadata {
  return PictureMetadata.parse({ ...image, format: 'teefusion', version: 1 });
}

/** The text chunks of a picture: our own and the line that AUTOMATIC1111 and its relatives read. */
export function metadataTexts(metadata: PictureMetadata): Record<string, string> {
  return { parameters: parametersLine(metadata), [chunkName]: JSON.stringify(metadata) };
}

/**
 * Reads what `metadataTexts` wrote; null for a PNG of another program. Throws `corrupt-file`, and `unsupported` for a
 * file of a newer studio.
 */
export function readMetadata(png: Uint8Array): PictureMetadata | null {
  const text = readPngTexts(png).get(chunkName);
  if (text === undefined) return null;
  const json = parseJson(text);
  const parsed = PictureMetadata.safeParse(json);
  if (parsed.success) return parsed.data;
  const head = z.object({ format: z.literal('teefusion'), version: z.int().min(2) }).safeParse(json);
  if (head.success) {
    throw new StudioError('unsupported', 'This picture was made by a newer version of the studio.', { hint: 'Install the newest studio.' });
  }
  throw new StudioError('corrupt-file', 'The settings in this PNG are damaged.', { details: parsed.error.message });
}

const samplerNames: Record<Sampler, string> = { euler: 'Euler', 'z-sampling': 'Z-Sampling', w2sd: 'W2SD' };

/** Three lines: prompt, negative prompt when there is one, and the settings as `Name: value` pairs. */
export function parametersLine(metadata: PictureMetadata): string {
  const { reflection } = metadata;
  const settings: [string, string | number | undefined][] = [
    ['Steps', metadata.steps],
    ['Sampler', samplerNames[metadata.sampler]],
    ['CFG scale', metadata.guidance],
    ['Seed', metadata.seed],
    ['Size', `${metadata.width}x${metadata.height}`],
    ['Model', metadata.model],
    // Ten digits, as those programs show it.
    ['Model hash', metadata.modelHash.replace(/^sha256:/, '').slice(0, 10)],
    ['Reflection steps', reflection.steps],
    ['Inversion guidance', reflection.inversionGuidance],
    ['Weak guidance', reflection.weakGuidance],
    ['Reflection guard', reflection.guard === undefined ? undefined : String(reflection.guard)],
    ['RNG', metadata.generator],
  ];
  const pairs = settings.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => `${name}: ${value}`);
  const negative = metadata.negativePrompt === '' ? [] : [`Negative prompt: ${metadata.negativePrompt}`];
  // PNG allows no NUL in a text.
  return [metadata.prompt, ...negative, pairs.join(', ')].join('\n').replaceAll('\0', ' ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
