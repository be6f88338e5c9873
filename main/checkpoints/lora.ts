// Files of low-rank adapters (LoRA) as diffusers names them: written, read as other tools write them too, and merged into a network's weights.
// Knows nothing of which matrices are worth adapting.
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StudioError } from '../contract/errors.ts';
import { exists } from './component.ts';
import { corruptFile, quoteName } from './errors.ts';
import { readJson } from './json.ts';
import { readHeader, readTensors, writeSafetensors, type Tensor, type TensorToWrite } from './safetensors.ts';

/** Beside a student's `transformer/`. */
export const loraFolder = 'transformer_lora';
export const loraFile = 'pytorch_lora_weights.safetensors';
/** Weights that were trained whole beside adapters; in a file of their own, because diffusers refuses adapters among which something else stands. */
export const wholeFile = 'whole_weights.safetensors';

/** Beside a weight W [out, …in] stands factor·B·A. */
export interface LoraPair {
  /** [rank, …in] */
  a: Tensor;
  /** [out, rank], and for a filter as many ones behind as it has sides. */
  b: Tensor;
  factor: number;
}

const prefix = 'transformer.';

/**
 * Writes pairs of one rank in float16, in such a way that diffusers finds the rank and alpha again. `pairs`: by the module's name, without
 * `transformer.`. Throws what `writeSafetensors` throws.
 */
export function writeLora(path: string, pairs: ReadonlyMap<string, Pick<LoraPair, 'a' | 'b'>>, { rank, alpha }: { rank: number; alpha: number }): Promise<void> {
  const tensors = [...pairs].flatMap(([module, { a, b }]): TensorToWrite[] => [
    { name: `${prefix}${module}.lora_A.weight`, dtype: 'F16', ...a }, { name: `${prefix}${module}.lora_B.weight`, dtype: 'F16', ...b },
  ]);
  const config = { r: rank, lora_alpha: alpha, target_modules: [...pairs.keys()].sort() };
  const metadata = Object.fromEntries(Object.entries(config).map(([key, value]) => [prefix + key, value]));
  return writeSafetensors(path, tensors, { format: 'pt', rank: String(rank), alpha: String(alpha), lora_adapter_metadata: JSON.stringify(metadata) });
}

/** What comes before a module's name, and the names of the two halves and of alpha: diffusers and PEFT now, both before, and their kin. */
const leading = /^(base_model\.model\.)?(transformer\.)?/;
const parts = [['a', /\.lora(_A|_down|\.down)(\.default)?\.weight$/], ['b', /\.lora(_B|_up|\.up)(\.default)?\.weight$/], ['alpha', /\.alpha$/]] as const;

/** PEFT's configuration of adapters, as far as it decides a factor. */
const AdapterConfig = z.object({
  lora_alpha: z.number().optional(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  use_rslora: z.boolean().optional(),
  use_dora: z.boolean().optional(),
});
type AdapterConfig = z.infer<typeof AdapterConfig>;
/** PEFT writes it beside the file; diffusers into the file's metadata, each key behind `transformer.`. */
const configFile = 'adapter_config.json';

/**
 * The pairs of a file by their module's name, without `transformer.`. A pair's alpha is its own tensor, else the metadata's or that of PEFT's
 * configuration beside the file, else its rank.
 * Throws StudioError naming the tensor: `corrupt-file` for half a pair, shapes or metadata that do not fit each other; `unsupported` for
 * adapters of another kind or of another network than the transformer; what `readTensors` throws.
 */
export async function readLora(path: string): Promise<Map<string, LoraPair>> {
  const { metadata } = await readHeader(path);
  const found = new Map<string, Partial<Record<'a' | 'b' | 'alpha', Tensor>>>();
  for (const [name, tensor] of await readTensors(path)) {
    if (/^(text_encoder|lora_te)/.test(name)) throw new StudioError('unsupported', `${path}: tensor ${quoteName(name)} adapts a text encoder; only the transformer can be adapted.`);
    const [part, suffix] = parts.find(([, pattern]) => pattern.test(name)) ?? [];
    if (part === undefined || suffix === undefined) throw new StudioError('unsupported', `${path}: tensor ${quoteName(name)} is no part of a low-rank pair; other kinds of adapters cannot be merged.`);
    const module = name.replace(suffix, '').replace(leading, '');
    const pair = found.get(module) ?? {};
    if (pair[part]) throw corruptFile(path, `adapts ${quoteName(module)} twice.`);
    found.set(module, { ...pair, [part]: tensor });
  }
  if (found.size === 0) throw corruptFile(path, 'holds no adapters.');
  const config = await adapterConfig(path, metadata['lora_adapter_metadata']);
  if (config.use_dora === true) throw new StudioError('unsupported', `${path}: its adapters are DoRA's, which cannot be merged.`);
  return new Map([...found].map(([module, { a, b, alpha }]) => {
    if (!a || !b) throw corruptFile(path, `has only one half of the pair of ${quoteName(module)}.`);
    const rank = rankOf(path, module, a, b, metadata['rank']);
    if (alpha && alpha.data.length !== 1) throw corruptFile(path, `has ${alpha.data.length} numbers for the alpha of ${quoteName(module)}.`);
    const size = alpha?.data[0] ?? config.alpha_pattern?.[module] ?? config.lora_alpha ?? Number(metadata['alpha'] ?? rank);
    if (!Number.isFinite(size)) throw corruptFile(path, `has no number for the alpha of ${quoteName(module)}.`);
    return [module, { a, b, factor: size / (config.use_rslora === true ? Math.sqrt(rank) : rank) }];
  }));
}

async function adapterConfig(path: string, text: string | undefined): Promise<AdapterConfig> {
  if (text === undefined) {
    const beside = join(dirname(path), configFile);
    return (await exists(beside)) ? readJson(beside, AdapterConfig) : {};
  }
  try {
    const entries = Object.entries(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
    return AdapterConfig.parse(Object.fromEntries(entries.map(([key, value]) => [key.replace(leading, ''), value])));
  } catch (thrown) {
    throw corruptFile(path, 'its "lora_adapter_metadata" does not describe adapters.', thrown);
  }
}

/** Throws StudioError `corrupt-file` where the halves' shapes or the rank that the metadata name do not fit. */
function rankOf(path: string, module: string, a: Tensor, b: Tensor, told: string | undefined): number {
  const rank = a.shape[0] ?? 0;
  if (rank < 1 || a.shape.length < 2 || b.shape.length < 2 || b.shape[1] !== rank || b.shape.slice(2).some((side) => side !== 1)) {
    throw corruptFile(path, `the pair of ${quoteName(module)} does not fit together: A is [${a.shape.join(', ')}], B [${b.shape.join(', ')}].`);
  }
  if (told !== undefined && Number(told) !== rank) throw corruptFile(path, `says rank ${quoteName(told)}, but the pair of ${quoteName(module)} has ${rank}.`);
  return rank;
}

/**
 * `weights` with every pair merged in; those without one are the same objects. `path`: of the pairs, for messages.
 * Throws StudioError `invalid-input` naming the module where there is no such weight or it has another shape.
 */
export function mergeLora<T extends Tensor>(weights: ReadonlyMap<string, T>, pairs: ReadonlyMap<string, LoraPair>, path: string): Map<string, T | Tensor> {
  const merged = new Map<string, T | Tensor>(weights);
  for (const [module, pair] of pairs) {
    const name = `${module}.weight`;
    const weight = weights.get(name);
    if (!weight) throw new StudioError('invalid-input', `${path}: adapts ${quoteName(module)}, which this transformer has not.`, otherModel);
    const shape = [pair.b.shape[0], ...pair.a.shape.slice(1)];
    if (weight.shape.join() !== shape.join()) {
      throw new StudioError('invalid-input', `${path}: the pair of ${quoteName(module)} is for a weight of [${shape.join(', ')}]; this transformer's is [${weight.shape.join(', ')}].`, otherModel);
    }
    merged.set(name, { shape: weight.shape, data: withPair(weight.data, pair) });
  }
  return merged;
}

const otherModel = { hint: 'The adapters were made for another model.' };

/** weight + factor·B·A, summed in double precision. */
export function withPair(weight: Float32Array, { a, b, factor }: LoraPair): Float32Array {
  const rank = a.shape[0]!;
  const width = a.data.length / rank;
  const result = new Float32Array(weight.length);
  const row = new Float64Array(width);
  for (let start = 0, o = 0; start < weight.length; start += width, o++) {
    row.set(weight.subarray(start, start + width));
    for (let r = 0; r < rank; r++) {
      const share = factor * b.data[o * rank + r]!;
      const from = r * width;
      for (let i = 0; i < width; i++) row[i]! += share * a.data[from + i]!;
    }
    result.set(row, start);
  }
  return result;
}
