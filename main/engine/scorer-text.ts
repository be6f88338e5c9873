// A prompt as the text encoder of a metric takes it, and its embedding, which is kept: an evaluation shows one prompt many pictures.
import { readJson } from '../checkpoints/json.ts';
import { StudioError } from '../contract/errors.ts';
import { PromptTokenizer } from '../text/tokenizer.ts';
import * as ort from 'onnxruntime-node';
import { z } from 'zod';

export interface TextEncoderFile {
  /** File name, for errors. */
  readonly model: string;
  /** Path of the tokenizer.json. */
  readonly tokenizer: string;
  readonly maxTokens: number;
  readonly padId?: number | undefined;
}

export type RunText = (feeds: Record<string, ort.Tensor>) => Promise<Float32Array>;

export interface PromptEncoder {
  encode(prompt: string): Promise<Float32Array>;
  close(): Promise<void>;
}

const keptPrompts = 256;

/** Takes one input of token ids, [1, maxTokens], and any number of attention masks of the same shape. Throws StudioError as `openScorer`. */
export async function openTextEncoder(session: ort.InferenceSession, file: TextEncoderFile) {
  const masks = session.inputNames.filter((name) => /mask/i.test(name));
  const [ids, ...further] = session.inputNames.filter((name) => !masks.includes(name));
  if (ids === undefined || further.length > 0) {
    throw new StudioError('unsupported', `${file.model} cannot read prompts: its inputs are ${session.inputNames.join(', ')}; token ids and masks are all that a metric gives.`);
  }
  const tokenizer = await openPaddedTokenizer(file.tokenizer, file.padId);
  const types = new Map(session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : 'none']));
  const kept = new Map<string, Float32Array>();

  async function encode(prompt: string, run: RunText): Promise<Float32Array> {
    const known = kept.get(prompt);
    if (known !== undefined) return known;
    const encoded = tokenizer.encodePrompt(prompt, file.maxTokens);
    const mask = encoded.ids.map((_, i) => (i < encoded.tokens ? 1 : 0));
    const feeds = Object.fromEntries(session.inputNames.map((name) => [name, integers(name === ids ? encoded.ids : mask, types.get(name))]));
    const embedding = await run(feeds);
    if (kept.size >= keptPrompts) kept.delete(kept.keys().next().value!);
    kept.set(prompt, embedding);
    return embedding;
  }
  return { encode, close: () => session.release() };
}

/** Both widths of integers are common in exported encoders. */
function integers(values: Int32Array, type: string | undefined): ort.Tensor {
  const shape = [1, values.length];
  return type === 'int32' ? new ort.Tensor('int32', values, shape) : new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}

async function openPaddedTokenizer(path: string, padId: number | undefined): Promise<PromptTokenizer> {
  const file = await readJson(path, z.looseObject({}));
  return new PromptTokenizer(padId === undefined ? file : { ...file, padding: { pad_id: padId } }, path);
}
