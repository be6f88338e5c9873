// A student before its first step: its configuration, and the teacher's weights with what is new beside them.
import { TransformerConfig } from '../checkpoints/configs.ts';
import type { DistillRequest, GuidanceEmbedding } from '../contract/distillation.ts';
import { mmditParameters } from './networks.ts';
import { prefixes } from './objectives.ts';
import { Parameters } from './parameters.ts';

type Form = Pick<DistillRequest, 'kind' | 'guidanceEmbedding' | 'guidanceMultiplier'>;

/** Fed with w, a linear student starts at w = 0 as its teacher's conditional branch; the others keep to γ, as the release does. */
export const guidanceEmbeddingOf = ({ kind, guidanceEmbedding }: Pick<Form, 'kind' | 'guidanceEmbedding'>): GuidanceEmbedding =>
  guidanceEmbedding ?? (kind === 'linear' ? 'w' : 'scale');

/** `fusionScale`: of a TeEFusion student. */
export function studentConfig(teacher: TransformerConfig, form: Form, fusionScale: number | null): TransformerConfig {
  return TransformerConfig.parse({
    ...teacher,
    txt_align_guidance: form.kind === 'teefusion', guidance: form.kind === 'distillcfg', linear_guidance: form.kind === 'linear',
    guidance_multiplier: form.guidanceMultiplier, guidance_embedding: guidanceEmbeddingOf(form),
    ...(fusionScale !== null && { fusion_scale: fusionScale }),
  });
}

/**
 * The student's parameters under `prefixes.transformer`: the teacher's numbers, and for DistillCFG a guidance embedder whose output is
 * zero, so that the student starts as its teacher's conditional branch. Throws StudioError `corrupt-file` where the teacher lacks a tensor.
 */
export function startingParameters(config: TransformerConfig, teacher: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>, seed: number): Parameters {
  const parameters = new Parameters(mmditParameters(config).map((spec) => ({ ...spec, name: prefixes.transformer + spec.name })), seed);
  const own = parameters.export(parameters.values, prefixes.transformer, 'F32').filter(({ name }) => config.guidance && name.startsWith('guidance_in.'));
  parameters.load(new Map([...teacher, ...own.map(({ name, shape, data }) => [name, { shape, data: Float32Array.from(data) }] as const)]), prefixes.transformer);
  return parameters;
}
