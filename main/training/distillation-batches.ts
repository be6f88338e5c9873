// What a student sees at each training step: points and scales drawn at random, with the text of their prompts, as tensors to feed.
// A pure function of the step's number. Knows neither networks nor how learning goes.
import { StudioError } from '../contract/errors.ts';
import type { DistillRequest } from '../contract/distillation.ts';
import type { TransformerConfig } from '../checkpoints/configs.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import { embeddedNumber } from '../diffusion/components.ts';
import type { TensorSpec } from '../graph/trace.ts';
import type { TeachingPoints } from './distillation-points.ts';
import type { PromptSource } from './distillation-source.ts';
import { embeddingTable, repeated, type Embeddings, type TeacherText } from './distillation-text.ts';
import type { StudentInput } from './objectives.ts';
import { TrainingRandom } from './random.ts';
import type { RunOptions } from './run.ts';

/** Embeddings of more prompts than fit are computed anew at each step. */
const largestTable = 256 * 2 ** 20;

/**
 * Bytes of the table of a run's `prompts` prompts: 0 where the run reads each prompt less than about once or the table would not fit, and
 * so has none. Depends on the request alone, so an interrupted run sees the same.
 */
export function promptTableBytes({ steps, batch }: DistillRequest, prompts: number, { textEncoder: { config } }: Checkpoint): number {
  const bytes = prompts * 4 * (config.max_position_embeddings * config.hidden_size + config.projection_dim);
  return steps * batch < prompts || bytes > largestTable ? 0 : bytes;
}

/** Shapes of the inputs of a student's loss for `batch` samples; text of `maxTokens` tokens. */
export function studentInputs(config: TransformerConfig, maxTokens: number, batch: number): Record<StudentInput, TensorSpec> {
  const spec = (...shape: number[]): TensorSpec => ({ dtype: 'float32', shape });
  const latents = spec(batch, config.in_channels, config.sample_size, config.sample_size);
  const pooled = spec(batch, config.pooled_projection_dim);
  return { latents, sigma: spec(batch), tokens: spec(batch, maxTokens, config.joint_attention_dim), pooled, null_pooled: pooled, guidance: spec(batch), target: latents, conditional: latents };
}

export type EmbeddingsOf = (items: readonly number[]) => Embeddings | Promise<Embeddings>;

/** The text of prompts by their numbers: from a table where the run has one, else encoded when asked for. */
export async function embeddingsOf(
  { checkpoint, request, source, signal }: { checkpoint: Checkpoint; request: DistillRequest; source: PromptSource; signal?: AbortSignal | undefined }, text: TeacherText, { items }: Pick<TeachingPoints, 'items'>,
): Promise<EmbeddingsOf> {
  if (promptTableBytes(request, items, checkpoint) === 0) return (wanted) => text.encode(wanted.map((item) => source.caption(item)));
  const prompts = Array.from({ length: items }, (_, item) => source.caption(item));
  return embeddingTable(text, prompts, () => {
    if (signal?.aborted) throw new StudioError('cancelled', 'Stopped before the next training step; what was learned is kept.');
  });
}

/** Points and scales drawn at random, a pure function of the step. */
export function batches(
  { batch, seed }: DistillRequest, config: TransformerConfig, specs: Record<StudentInput, TensorSpec>, empty: Embeddings, points: TeachingPoints, embeddings: EmbeddingsOf,
): RunOptions<StudentInput>['batch'] {
  const nullPooled = repeated(empty.pooled, batch);
  return async (step) => {
    const random = new TrainingRandom(seed, 5, step);
    const latents = new Float32Array(batch * points.length);
    const target = new Float32Array(batch * points.length);
    const conditional = new Float32Array(batch * points.length);
    const sigma = new Float32Array(batch);
    const guidance = new Float32Array(batch);
    const items: number[] = [];
    for (let b = 0; b < batch; b++) {
      const index = random.below(points.count);
      const scale = points.scale(index, random);
      sigma[b] = points.read(index, scale, { latents, target, conditional }, b * points.length);
      guidance[b] = embeddedNumber(config, scale);
      items.push(points.item(index));
    }
    const { tokens, pooled } = await embeddings(items);
    const feed = (name: StudentInput, data: Float32Array) => ({ data, shape: specs[name].shape });
    return {
      latents: feed('latents', latents), target: feed('target', target), conditional: feed('conditional', conditional), sigma: feed('sigma', sigma), guidance: feed('guidance', guidance),
      tokens: feed('tokens', tokens), pooled: feed('pooled', pooled), null_pooled: feed('null_pooled', nullPooled),
    };
  };
}
