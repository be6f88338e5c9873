// A student before its first step: its configuration, and the weights that it begins with, what is new beside them, all to learn or adapters alone.
import { TransformerConfig } from '../checkpoints/configs.ts';
import type { DistillRequest, GuidanceEmbedding } from '../contract/distillation.ts';
import { adapterParameters, adaptersOf, type Adapters } from './adapters.ts';
import { mmditParameters } from './networks.ts';
import { prefixes } from './objectives.ts';
import { foundIn, Parameters, type ParameterSpec, type ParameterView } from './parameters.ts';

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

/** What of a student learns, and what beside it only has a value. */
export interface Beginning {
  readonly parameters: Parameters;
  /** The teacher's own, under the student's names; never changed. Empty where every weight learns. */
  readonly fixed: readonly ParameterView[];
  /** null: every weight learns. */
  readonly adapters: Adapters | null;
}

type Tensors = ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>;

/**
 * A student before its first step, its weights under `prefixes.transformer`: the numbers of `source`, which is the teacher or the student
 * that `initFrom` names. A teacher has no guidance embedder: DistillCFG's begins with an output of zero, so that the student starts as its
 * teacher's conditional branch. With `lora`, adapters learn, and that embedder; `source` is then kept and not copied. Throws StudioError
 * `corrupt-file` where `source` lacks a tensor, `invalid-input` for a rank that does not fit it.
 */
export function startingStudent(config: TransformerConfig, source: Tensors, { seed, lora, initFrom }: Pick<DistillRequest, 'seed' | 'lora' | 'initFrom'>): Beginning {
  const specs = mmditParameters(config).map((spec) => ({ ...spec, name: prefixes.transformer + spec.name }));
  const isNew = ({ name }: ParameterSpec): boolean => config.guidance && name.startsWith(`${prefixes.transformer}guidance_in.`);
  if (lora === null) {
    const parameters = new Parameters(specs, seed);
    const own = initFrom !== null ? [] : parameters.export(parameters.values, prefixes.transformer, 'F32').filter(({ name }) => config.guidance && name.startsWith('guidance_in.'));
    parameters.load(new Map([...own.map(({ name, shape, data }) => [name, { shape, data: Float32Array.from(data) }] as const), ...source]), prefixes.transformer);
    return { parameters, fixed: [], adapters: null };
  }
  const adapters = adaptersOf(config, lora);
  const parameters = new Parameters([...specs.filter(isNew), ...adapterParameters(config, adapters)], seed);
  return { parameters, fixed: specs.filter((spec) => !isNew(spec)).map((spec) => foundIn(source, spec, prefixes.transformer)), adapters };
}
