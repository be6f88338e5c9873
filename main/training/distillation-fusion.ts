// Chooses the factor of a TeEFusion student's guidance term by measuring the teacher's own embedders (METHOD: "a scale, not a law").
import type { Checkpoint } from '../checkpoints/folder.ts';
import type { DistillRequest } from '../contract/distillation.ts';
import { embeddedNumber } from '../diffusion/components.ts';
import { Network } from '../diffusion/networks.ts';
import type { SessionOptions } from '../graph/session.ts';
import { conditioning } from '../networks/mmdit.ts';
import { StudioError } from '../contract/errors.ts';
import { scaleAt } from './distillation-source.ts';
import { studentConfig } from './distillation-start.ts';
import { repeated, type TeacherText } from './distillation-text.ts';

/** The fused term starts at this share of F(c)'s size. */
const fusedShare = 1 / 3;

export type GuidanceForm = Pick<DistillRequest, 'kind' | 'guidanceEmbedding' | 'guidanceMultiplier' | 'guidanceRange'>;

/**
 * fusion_scale for which G(τ(multiplier·g)) ⊙ F(c−∅) is a third of F(c), by root mean square over `prompts` and the range of g.
 * Throws StudioError `unsupported` where the teacher's text has no influence at all.
 */
export async function chooseFusionScale(checkpoint: Checkpoint, text: TeacherText, prompts: readonly string[], form: GuidanceForm, options: SessionOptions): Promise<number> {
  const config = studentConfig(checkpoint.transformer.config, form, 1);
  const network = new Network<'timestep' | 'pooled' | 'guidance' | 'nullPooled'>(checkpoint.transformer, (w, inputs) => {
    const parts = conditioning(config, w, inputs);
    return { text: parts.text, fused: parts.guidance! };
  }, options);
  try {
    const count = prompts.length;
    const { pooled } = await text.encode(prompts);
    const rows = [count, config.pooled_projection_dim];
    const sizes = await network.run({
      timestep: { data: new Float32Array(count).fill(500), shape: [count] },
      pooled: { data: pooled, shape: rows },
      nullPooled: { data: repeated(text.empty.pooled, count), shape: rows },
      guidance: { data: Float32Array.from(prompts, (_, i) => embeddedNumber(config, scaleAt(form, i / Math.max(1, count - 1)))), shape: [count] },
    });
    const scale = (fusedShare * rms(sizes['text']!)) / rms(sizes['fused']!);
    if (!(scale > 0 && Number.isFinite(scale))) {
      throw new StudioError('unsupported', 'No size of the guidance term could be chosen: to this teacher all prompts are the same.', { hint: 'Give a fusion scale.' });
    }
    return Number(scale.toPrecision(3));
  } finally {
    await network.close();
  }
}

function rms(x: Float32Array): number {
  return Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
}
