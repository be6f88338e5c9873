// Metrics of a person's own, run for real: what they compute, and what is said when their files are not what metric.json says.
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words } from '../storybook/vocabulary.ts';
import { PromptTokenizer } from '../text/tokenizer.ts';
import { wordTokenizerJson } from '../text/words.ts';
import type { RawPicture } from './messages.ts';
import { imageInput } from './scorer-image.ts';
import { openScorer } from './scorers.ts';
import { dualMetric, scalarMetric, side, weights } from './testing/metric-folders.ts';

let metrics: string;
beforeAll(async () => void (metrics = await mkdtemp(join(tmpdir(), 'metrics-'))));
afterAll(() => rm(metrics, { recursive: true }));

const device = { provider: 'cpu', threads: 1 } as const;
const open = (dir: string) => openScorer({ id: 'mine', dir }, device);
/** Any picture that differs everywhere. */
const picture = (width: number, height = width): RawPicture =>
  ({ width, height, rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256) });
const input = { width: side, height: side, range: [-1, 1] as [number, number], mean: [0.1, 0, -0.1] as [number, number, number], std: [1, 2, 0.5] as [number, number, number], layout: 'NCHW' as const };

/** [rows] times [rows, 5]. */
const linear = (values: Float32Array, matrix: Float32Array): number[] =>
  Array.from({ length: 5 }, (_, j) => values.reduce((sum, value, i) => sum + value * matrix[5 * i + j]!, 0));

describe('the network\'s view of a picture', () => {
  it('is normalised, channels first', async () => {
    const values = await imageInput({ width: 2, height: 1, rgb: Uint8Array.of(255, 0, 51, 0, 255, 255) }, { ...input, width: 2, height: 1 });
    expect([...values]).toEqual([1 - 0.1, -1 - 0.1, -0.5, 0.5, (-1 + 0.4 + 0.1) / 0.5, (1 + 0.1) / 0.5].map(Math.fround));
  });

  it('is resized whole; one colour stays that colour', async () => {
    const values = await imageInput({ width: 20, height: 6, rgb: new Uint8Array(360).fill(102) }, { ...input, width: 4, height: 5 });
    expect(values).toHaveLength(60);
    expect([...values.subarray(0, 20)]).toEqual(Array(20).fill(Math.fround(-1 + 0.8 - 0.1)));
  });
});

it('a scalar head gives its number', async () => {
  const scorer = await open(await scalarMetric(metrics));
  const values = await imageInput(picture(side), input);
  const expected = weights(values.length, 1).reduce((sum, weight, i) => sum + weight * values[i]!, 0);
  expect(await scorer.score(picture(side), 'a ball')).toBeCloseTo(expected, 3);
  expect(await scorer.score(picture(64, 48), 'a ball')).not.toBeCloseTo(expected, 3);
  await scorer.close();
});

it('a dual encoder gives the scaled cosine between picture and prompt', async () => {
  const scorer = await open(await dualMetric(metrics));
  const [ball, boat] = [await scorer.score(picture(side), 'a red ball'), await scorer.score(picture(side), 'a blue boat on the sea')];
  expect(ball).not.toBe(boat);
  for (const score of [ball, boat]) expect(Math.abs(score)).toBeLessThanOrEqual(100);
  expect(await scorer.score(picture(side), 'A red   BALL')).toBe(ball);

  const values = await imageInput(picture(side), input);
  const image = linear(values, weights(values.length * 5, 2));
  const tokenizer = new PromptTokenizer(wordTokenizerJson(words()), 'tokenizer.json');
  const { ids, tokens } = tokenizer.encodePrompt('a red ball', 12);
  // Padding is masked: only the words, and the start and end around them, are summed up.
  const counts = new Float32Array(tokenizer.vocabularySize);
  for (const id of ids.subarray(0, tokens)) counts[id]! += 1;
  const text = linear(counts, weights(counts.length * 5, 3));
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  expect(ball).toBeCloseTo((100 * dot(image, text)) / Math.sqrt(dot(image, image) * dot(text, text)), 2);
  await scorer.close();
});

describe('what cannot score', () => {
  it.each([
    ['a file that is missing', { model: 'gone.onnx' }, 'not-found', 'gone.onnx'],
    ['a key that does not exist', { modle: 'model.onnx' }, 'corrupt-file', 'modle'],
    ['a path out of the folder', { model: '../taste/model.onnx' }, 'corrupt-file', 'own folder'],
    ['an absolute path', { model: '/etc/passwd' }, 'corrupt-file', 'own folder'],
    ['a layout that is not built', { input: { ...input, layout: 'NHWC' } }, 'unsupported', 'layout'],
    ['an output that is not there', { output: { kind: 'scalar', name: 'beauty' } }, 'unsupported', 'beauty'],
  ])('%s', async (_, description, code, text) => {
    const dir = await scalarMetric(metrics, 'wrong', { description });
    await expect(open(dir)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  it('a link that leads out of the folder', async () => {
    const dir = await scalarMetric(metrics, 'linked', { description: { model: 'link.onnx' } });
    await copyFile(join(dir, 'model.onnx'), join(metrics, 'outside.onnx'));
    await symlink(join(metrics, 'outside.onnx'), join(dir, 'link.onnx'));
    await expect(open(dir)).rejects.toMatchObject({ code: 'permission' });
  });

  it('a graph that is none', async () => {
    const dir = await scalarMetric(metrics, 'damaged');
    await writeFile(join(dir, 'model.onnx'), 'not a graph');
    await expect(open(dir)).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('model.onnx') });
  });

  it('a folder without a description', async () => {
    await mkdir(join(metrics, 'empty'));
    await expect(open(join(metrics, 'empty'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('a network for another size, by name', async () => {
    const scorer = await open(await scalarMetric(metrics, 'large', { description: { input: { ...input, width: 9 } } }));
    await expect(scorer.score(picture(64), 'x')).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('metric mine') });
    await scorer.close();
  });

  it('a result that is not a number', async () => {
    const scorer = await open(await scalarMetric(metrics, 'lost', { factor: NaN }));
    await expect(scorer.score(picture(64), 'x')).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('not a number') });
    await scorer.close();
  });

  it('an embedding where a number is expected', async () => {
    const dir = await dualMetric(metrics, 'mistaken');
    await writeFile(join(dir, 'metric.json'), JSON.stringify({ name: 'x', model: 'image.onnx', input, output: { kind: 'scalar', name: 'image_embeds' } }));
    const scorer = await open(dir);
    await expect(scorer.score(picture(64), 'x')).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('5 numbers') });
    await scorer.close();
  });
});
