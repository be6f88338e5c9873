// Opens a person's own metric and scores pictures with it: an ONNX scorer, or an image and a text encoder whose embeddings are compared.
// Knows metric folders and sessions; which pictures are scored, and what becomes of a number, is not its business.
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { realPath, realPathWithin } from '../checkpoints/confine.ts';
import { readJson } from '../checkpoints/json.ts';
import { StudioError } from '../contract/errors.ts';
import { MetricFile } from '../contract/metrics.ts';
import { imageInput } from './scorer-image.ts';
import { openTextEncoder, type PromptEncoder } from './scorer-text.ts';
import type { EngineConfig, MetricRef, RawPicture } from './messages.ts';

export interface Scorer {
  /**
   * The metric's number for a picture.
   * @throws StudioError `unsupported` when the graph does not take what the description says, or gives no number
   */
  score(picture: RawPicture, prompt: string): Promise<number>;
  close(): Promise<void>;
}

type Device = Pick<EngineConfig, 'provider' | 'threads'>;

/** @throws StudioError naming the file: `not-found`, `corrupt-file`, `permission` when one lies outside the folder, `unsupported` */
export async function openScorer({ id, dir }: Pick<MetricRef, 'id' | 'dir'>, device: Device): Promise<Scorer> {
  const root = await realPath(dir);
  const file = await readJson(join(root, 'metric.json'), MetricFile);
  const image = await openGraph(join(root, file.model), root, device);
  const input = only(image, 'input', file.input.name, file.model);
  const output = only(image, 'output', file.output.name, file.model);
  const text = file.output.kind === 'dual' ? await openText(file.output.text, root, device) : null;
  const scale = file.output.kind === 'dual' ? file.output.scale : 1;

  async function score(picture: RawPicture, prompt: string): Promise<number> {
    const pixels = await imageInput(picture, file.input);
    const shape = [1, 3, file.input.height, file.input.width];
    const embedding = await numbersOf(image, { [input]: new ort.Tensor('float32', pixels, shape) }, output, file.model);
    const value = text === null ? single(embedding, file.model, output) : scale * cosine(embedding, await text.encode(prompt));
    if (!Number.isFinite(value)) throw refused(file.model, 'its result is not a number');
    return value;
  }

  return {
    async score(picture, prompt) {
      try {
        return await score(picture, prompt);
      } catch (thrown) {
        throw named(thrown, id);
      }
    },
    async close() {
      await image.release();
      await text?.close();
    },
  };
}

async function openText(text: Extract<MetricFile['output'], { kind: 'dual' }>['text'], root: string, device: Device): Promise<PromptEncoder> {
  const session = await openGraph(join(root, text.model), root, device);
  const tokenizer = await realPathWithin(join(root, text.tokenizer), [root]);
  const output = only(session, 'output', text.name, text.model);
  const encoder = await openTextEncoder(session, { ...text, tokenizer });
  return { ...encoder, encode: (prompt) => encoder.encode(prompt, (feeds) => numbersOf(session, feeds, output, text.model)) };
}

/** A file the runtime reads itself: graphs may point to weights beside them, which it confines to the graph's folder. */
async function openGraph(path: string, root: string, { provider, threads }: Device): Promise<ort.InferenceSession> {
  const file = await realPathWithin(path, [root]);
  try {
    return await ort.InferenceSession.create(file, {
      executionProviders: [provider], logSeverityLevel: 3, intraOpNumThreads: threads,
      // Its threads would spin beside the next picture's.
      extra: { session: { force_spinning_stop: '1' } },
    });
  } catch (thrown) {
    throw new StudioError('corrupt-file', `${path}: ONNX Runtime cannot open it.`, { cause: thrown, details: messageOf(thrown) });
  }
}

/** The name of an input or output: the one that was given, else the only one. */
function only(session: ort.InferenceSession, kind: 'input' | 'output', given: string | undefined, file: string): string {
  const names = kind === 'input' ? session.inputNames : session.outputNames;
  if (given !== undefined && !names.includes(given)) throw refused(file, `it has no ${kind} "${given}", but ${names.join(', ')}`);
  if (given === undefined && names.length !== 1) throw refused(file, `it has ${names.length} ${kind}s (${names.join(', ')}); say which`);
  return given ?? names[0]!;
}

async function numbersOf(session: ort.InferenceSession, feeds: Record<string, ort.Tensor>, output: string, file: string): Promise<Float32Array> {
  const results = await session.run(feeds, [output]).catch((thrown: unknown) => {
    throw new StudioError('unsupported', `${file} does not take the picture or the prompt as metric.json describes it.`, { cause: thrown, details: messageOf(thrown) });
  });
  const { data } = results[output]!;
  if (!(data instanceof Float32Array)) throw refused(file, `"${output}" does not hold 32-bit floating point numbers`);
  return data;
}

function single(values: Float32Array, file: string, output: string): number {
  if (values.length !== 1) throw refused(file, `"${output}" holds ${values.length} numbers instead of one`);
  return values[0]!;
}

function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new StudioError('unsupported', `The picture's embedding has ${a.length} numbers, the prompt's ${b.length}.`);
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

function refused(file: string, why: string): StudioError {
  return new StudioError('unsupported', `${file} cannot score pictures: ${why}.`);
}

/** Errors of a metric name it: several may be registered. */
function named(thrown: unknown, id: string): StudioError {
  if (!(thrown instanceof StudioError)) return new StudioError('unsupported', `The metric ${id} failed: ${messageOf(thrown)}`, { cause: thrown });
  return new StudioError(thrown.code, `The metric ${id} failed: ${thrown.message}`, {
    cause: thrown, ...(thrown.hint !== undefined && { hint: thrown.hint }), ...(thrown.details !== undefined && { details: thrown.details }),
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
