// A model's transformer as one self-contained ONNX file in the standard operators, for other tools.
// The file is written whole or not at all.
import { readFile, stat } from 'node:fs/promises';
import type * as tf from '@tensorflow/tfjs';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import type { Component } from '../checkpoints/component.ts';
import type { TransformerConfig } from '../checkpoints/configs.ts';
import { fileError } from '../checkpoints/errors.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import { StudioError } from '../contract/errors.ts';
import { encodeModel } from '../graph/model.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import type { DType, Graph } from '../graph/values.ts';
import { guidanceKindOf } from '../networks/configs.ts';
import { mmdit, type MmditInputs } from '../networks/mmdit.ts';

/** Protobuf's limit is 2 GiB for a file; the graph itself takes a few megabytes. */
const maxWeightBytes = 2 * 2 ** 30 - 2 ** 25;

const storedTypes: Readonly<Record<string, DType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * Writes the transformer for one picture: inputs latents [1, c, h, w], timestep [1] (1000·σ), tokens [1, n, d], pooled [1, p] and, of a
 * student, guidance [1] and nullPooled [1, p]; output velocity like the latents. Returns the file's size. Throws StudioError
 * `unsupported` for weights of more than 2 GiB, `disk-full`, `permission`, `corrupt-file`.
 */
export async function writeOnnx({ transformer, textEncoder }: Checkpoint, file: string): Promise<number> {
  const { size } = await stat(transformer.weights).catch((thrown: unknown) => {
    throw fileError(thrown, transformer.weights);
  });
  if (size > maxWeightBytes) {
    throw new StudioError('unsupported', 'The weights are too large for one ONNX file, which holds 2 GiB.', { hint: 'Export the student as a folder instead.' });
  }
  const bytes = await readFile(transformer.weights);
  const model = encodeModel(standardGraph(transformer, textEncoder.config.max_position_embeddings), {
    locate: () => '',
    embed: ({ offset, bytes: length }) => bytes.subarray(offset, offset + length),
  });
  await writeFileAtomic(file, model);
  return model.byteLength;
}

/** Traced as for training: fused operators belong to one runtime, the plain ones to everybody. */
function standardGraph({ config, weights, header }: Component<TransformerConfig>, tokens: number): Graph {
  const kind = guidanceKindOf(config);
  const float = (...shape: number[]): TensorSpec => ({ dtype: 'float32', shape });
  const inputs: Record<string, TensorSpec> = {
    latents: float(1, config.in_channels, config.sample_size, config.sample_size), timestep: float(1),
    tokens: float(1, tokens, config.joint_attention_dim), pooled: float(1, config.pooled_projection_dim),
    ...(kind !== null && { guidance: float(1) }),
    ...(kind !== null && kind !== 'distillcfg' && { nullPooled: float(1, config.pooled_projection_dim) }),
  };
  return trace(inputs, (tensors, tools) => ({
    velocity: mmdit(config, (name): tf.Tensor => {
      const entry = header.tensors.get(name);
      const dtype = entry && storedTypes[entry.dtype];
      if (!entry || !dtype) throw new StudioError('corrupt-file', `${weights}: tensor '${name}' is missing or of a number format that cannot be exported.`);
      return tools.external(name, dtype, entry.shape, { file: weights, offset: entry.offset, bytes: entry.bytes });
    }, tensors as unknown as MmditInputs),
  }), { name: 'transformer', mode: 'training' });
}
