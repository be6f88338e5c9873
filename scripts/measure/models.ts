// What the measuring scripts share: models opened by name, one picture at a time.
import path from 'node:path';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import type { Picture } from '../../main/diffusion/model.ts';
import { openPipelineParts } from '../../main/diffusion/components.ts';
import type { Sampler } from '../../main/contract/schemas.ts';
import { Pipeline } from '../../main/diffusion/pipeline.ts';
import type { SessionOptions } from '../../main/graph/session.ts';

export interface Wish {
  prompt: string;
  seed: number;
  guidance: number;
  steps: number;
  /** Of a teacher; default Euler. */
  sampler?: Sampler;
}

export interface OpenedModel {
  draw(wish: Wish): Promise<{ picture: Picture; latents: Float32Array; nfe: number; ms: number }>;
  close(): Promise<void>;
}

export const modelsFolder = path.join(import.meta.dirname, '../../models');

/** Opens a model of a folder; its teacher, if it has one, is in `teachers`. */
export async function openModel(folder: string, id: string, teachers = folder, options: SessionOptions = {}): Promise<OpenedModel> {
  const parts = await openPipelineParts(await openCheckpoint(path.join(folder, id), (teacher) => path.join(teachers, teacher)), options);
  const pipeline = new Pipeline(parts);
  return {
    async draw({ prompt, seed, guidance, steps, sampler = 'euler' }) {
      const made = await pipeline.run({ prompt, negativePrompt: '', guidance, steps, seed, sampler, reflection: {} });
      return { picture: made.picture, latents: made.latents, nfe: made.nfe, ms: made.samplingMs + made.decodeMs };
    },
    close: () => parts.close(),
  };
}

export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
