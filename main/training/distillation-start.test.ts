// What a student is before it has learned anything: a teacher that takes one number more.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import { openCheckpoint, type Checkpoint } from '../checkpoints/folder.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { DistillRequest } from '../contract/distillation.ts';
import { openPipelineParts } from '../diffusion/components.ts';
import { classifierFree, embedded, guidedField } from '../diffusion/guidance.ts';
import { startingStudent, studentConfig } from './distillation-start.ts';
import { writeStudent } from './distillation-student.ts';
import { TrainingRandom } from './random.ts';

let folder: string;
let teacher: Checkpoint;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'distillation-start-'));
  teacher = await openCheckpoint(await createTinyCheckpoint(folder), () => '');
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes the student as it starts and opens it as anybody would. */
async function fresh(name: string, changes: Partial<DistillRequest>): Promise<Checkpoint> {
  const request = DistillRequest.parse({ name, ...changes });
  const config = studentConfig(teacher.transformer.config, request, request.kind === 'teefusion' ? 0.5 : null);
  const beginning = startingStudent(config, await readTensors(teacher.transformer.weights), request);
  const distillation = { teacher: 'storybook', teacher_hash: 'x', strategy: 'euler' as const, strategy_parameters: {}, guidance_range: [1, 9] as [number, number], distilled_steps: null, points: 'noised-images' as const, samples: 0 };
  const dir = path.join(folder, name);
  await writeStudent(dir, name, { config, ...beginning, weights: beginning.parameters.values, distillation }, teacher.dir);
  return openCheckpoint(dir, () => teacher.dir);
}

/** Largest difference between the student at `scale` and the teacher at `teacherScale`, as a share of the velocity's size. */
async function difference(student: Checkpoint, scale: number, teacherScale: number, negativePrompt = ''): Promise<number> {
  const [own, taught] = [await openPipelineParts(student, { threads: 1 }), await openPipelineParts(teacher, { threads: 1 })];
  const pair = { prompt: await taught.textEncoder.encode('a red boat'), negative: await taught.textEncoder.encode(negativePrompt) };
  const x = new TrainingRandom(4).normals(16 * 8 * 8);
  const learned = await guidedField(own.velocityModel, embedded, pair, scale)(x, 0.6);
  const expected = await guidedField(taught.velocityModel, classifierFree, pair, teacherScale)(x, 0.6);
  await own.close();
  await taught.close();
  return Math.max(...learned.map((value, i) => Math.abs(value - expected[i]!))) / Math.max(...expected.map(Math.abs));
}

test('a DistillCFG student starts as its teacher\'s conditional branch, at every scale', async () => {
  const student = await fresh('distillcfg', { kind: 'distillcfg' });
  expect(student.guidanceKind).toBe('distillcfg');
  for (const scale of [0, 1, 7]) expect(await difference(student, scale, 1)).toBeLessThan(1e-6);
  const embedder = await readTensors(student.transformer.weights);
  expect(embedder.get('guidance_in.linear_2.weight')!.data.every((value) => value === 0)).toBe(true);
  // With an input of zero too it could never begin to learn.
  expect(embedder.get('guidance_in.linear_1.weight')!.data.some((value) => value !== 0)).toBe(true);
});

test('a linear student is its teacher\'s conditional branch at w = 0, which a person calls scale 1', async () => {
  const student = await fresh('linear', { kind: 'linear' });
  expect(student.guidanceKind).toBe('linear');
  expect(student.transformer.config).toMatchObject({ linear_guidance: true, guidance_embedding: 'w' });
  expect(await difference(student, 1, 1)).toBeLessThan(1e-6);
  expect(await difference(student, 3, 1)).toBeGreaterThan(1e-3);
  // Fed with the scale itself it is that at scale 0.
  const scaled = await fresh('linear-scale', { kind: 'linear', guidanceEmbedding: 'scale' });
  expect(await difference(scaled, 0, 1)).toBeLessThan(1e-6);
  expect(await difference(scaled, 1, 1)).toBeGreaterThan(1e-4);
});

test('a linear student moves away from the negative prompt', async () => {
  const student = await fresh('linear-negative', { kind: 'linear' });
  const [plain, negative] = [await difference(student, 4, 1), await difference(student, 4, 1, 'a green tree')];
  expect(Math.abs(plain - negative)).toBeGreaterThan(1e-4);
  expect(await difference(student, 1, 1, 'a green tree')).toBeLessThan(1e-6);
});

test('a student that takes w is given the scale less one', async () => {
  const [scale, w] = [await fresh('scale', {}), await fresh('w', { guidanceEmbedding: 'w' })];
  expect([scale.transformer.config.guidance_embedding, w.transformer.config.guidance_embedding]).toEqual(['scale', 'w']);
  const at = async (student: Checkpoint, number: number) => difference(student, number, 1);
  expect(await at(w, 5)).toBeCloseTo(await at(scale, 4), 5);
  expect(Math.abs(await at(w, 5) - await at(scale, 5))).toBeGreaterThan(1e-4);
});

test.each([
  ['teefusion', {}, ['A TeEFusion student', 'as it is, multiplier 110, fusion scale 0.5']],
  ['distillcfg', { guidanceEmbedding: 'w' }, ['A DistillCFG student', 'as w = scale − 1, multiplier 110)']],
  ['linear', {}, ['raw linear fusion', '(as w = scale − 1)']],
] as const)('a %s student\'s folder says which it is', async (kind, changes, told) => {
  const student = await fresh(`told-${kind}`, { kind, ...changes });
  const { txt_align_guidance, guidance, linear_guidance } = student.transformer.config;
  expect([txt_align_guidance, guidance, linear_guidance].filter(Boolean)).toHaveLength(1);
  const card = await readFile(path.join(student.dir, 'README.md'), 'utf8');
  for (const words of told) expect(card).toContain(words);
  const config = JSON.parse(await readFile(student.transformer.configPath, 'utf8')) as object;
  expect('fusion_scale' in config).toBe(kind === 'teefusion');
  expect('guidance_multiplier' in config).toBe(kind !== 'linear');
});
