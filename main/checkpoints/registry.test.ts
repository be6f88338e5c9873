import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelInfo } from '../contract/schemas.ts';
import { parseCard } from './card.ts';
import { defaultStudent, ModelRegistry } from './registry.ts';
import { writeStudent, writeTeacher } from './testing.ts';

let base: string;
let embedded: string;
let own: string;
let registry: ModelRegistry;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'registry-'));
  embedded = join(base, 'embedded');
  own = join(base, 'own');
  await writeTeacher(embedded, 'tiny');
  await writeStudent(embedded, 'tiny-teefusion', 'tiny', { distillation: { strategy: 'euler', distilled_steps: null } });
  registry = new ModelRegistry([{ path: embedded, embedded: true }, { path: own, embedded: false }]);
});
afterEach(() => rm(base, { recursive: true }));

async function listed(id: string): Promise<ModelInfo> {
  return (await registry.list()).find((model) => model.id === id)!;
}

describe('the list of models', () => {
  it('describes teachers and students as the contract says', async () => {
    const models = await registry.list();
    expect(models.map(({ id }) => id)).toEqual(['tiny', 'tiny-teefusion']);
    for (const model of models) expect(ModelInfo.parse(model)).toEqual(model);
    expect(models[0]).toMatchObject({
      name: 'Tiny', kind: 'teacher', licence: 'apache-2.0', card: '# Tiny\n\nA test.', precision: 'float16', width: 64, height: 64, embedded: true, problem: null,
    });
    expect(models[1]).toMatchObject({
      name: 'tiny-teefusion', kind: 'student', guidanceKind: 'teefusion', teacher: 'tiny', distilledFrom: 'euler', distilledSteps: null, guidanceRange: [1, 9],
      licence: 'unknown', card: null, problem: null,
    });
    expect(models[0]!.bytes).toBeGreaterThan(models[1]!.bytes);
    expect(models[0]!.hash).toBe(await registry.hash('tiny'));
  });

  it('finds a user\'s models, whose teacher may be an embedded one, and follows changes on the disk', async () => {
    expect(await listed('mine')).toBeUndefined();
    await writeStudent(own, 'mine', 'tiny');
    expect(await listed('mine')).toMatchObject({ embedded: false, teacher: 'tiny', distilledFrom: 'z-sampling', distilledSteps: 20, problem: null });
    expect((await registry.resolve('mine')).vae.weights).toContain(join('embedded', 'tiny', 'vae'));
    await rm(join(own, 'mine'), { recursive: true });
    expect(await listed('mine')).toBeUndefined();
  });

  it('lets the earlier folder win', async () => {
    await writeTeacher(own, 'tiny');
    expect(await listed('tiny')).toMatchObject({ embedded: true });
    expect((await registry.list()).length).toBe(2);
  });

  it('shows damaged models with the reason, and the others all the same', async () => {
    await truncate(join(embedded, 'tiny-teefusion', 'transformer', 'diffusion_pytorch_model.safetensors'), 20);
    await writeStudent(own, 'orphan', 'nowhere');
    await mkdir(join(own, 'half', 'transformer'), { recursive: true });
    await symlink(join(own, 'circle'), join(own, 'circle'));
    const models = await registry.list();
    for (const model of models) expect(ModelInfo.parse(model)).toEqual(model);
    const problems = Object.fromEntries(models.map(({ id, problem }) => [id, problem]));
    expect(problems['tiny']).toBeNull();
    expect(problems['tiny-teefusion']).toMatch(/diffusion_pytorch_model\.safetensors: .*truncated/);
    expect(problems['orphan']).toMatch(/There is no model "nowhere"/);
    expect(problems['half']).toMatch(/model_index\.json: no such file/);
    expect(problems['circle']).toMatch(/circle/);
    expect(models.find(({ id }) => id === 'tiny-teefusion')).toMatchObject({ kind: 'student', teacher: 'tiny' });
  });

  it('passes over what is no model', async () => {
    await mkdir(join(own, 'notes'), { recursive: true });
    await mkdir(join(own, '.cache', 'transformer'), { recursive: true });
    await writeFile(join(own, 'file'), '');
    expect((await registry.list()).length).toBe(2);
  });

  it('does without a card that cannot be read', async () => {
    await rm(join(embedded, 'tiny', 'README.md'));
    await mkdir(join(embedded, 'tiny', 'README.md'));
    expect(await listed('tiny')).toMatchObject({ card: null, licence: 'unknown', problem: null });
  });
});

describe('finding a model', () => {
  it.each(['nowhere', '', '..', '../embedded/tiny', 'tiny/../tiny', '/tiny', 'tiny\0'])('says that there is no model %j', async (id) => {
    await expect(registry.resolve(id)).rejects.toMatchObject({ name: 'StudioError', code: 'not-found' });
    await expect(registry.hash(id)).rejects.toMatchObject({ name: 'StudioError', code: 'not-found' });
  });
});

describe('the student beside a teacher', () => {
  beforeEach(async () => {
    await writeStudent(own, 'a-distillcfg', 'tiny', { config: { txt_align_guidance: false, guidance: true }, distillation: { strategy: 'euler' } });
    await writeStudent(own, 'tiny-z', 'tiny', { distillation: { strategy: 'z-sampling' } });
  });

  it('is the one distilled from the sampler, a TeEFusion one first', async () => {
    const models = await registry.list();
    expect(defaultStudent(models, 'tiny', 'euler')).toEqual({ id: 'tiny-teefusion' });
    expect(defaultStudent(models, 'tiny', 'z-sampling')).toEqual({ id: 'tiny-z' });
  });

  it('is else the usual one, with a warning that names both samplers', async () => {
    const { id, warning } = defaultStudent(await registry.list(), 'tiny', 'w2sd');
    expect(id).toBe('tiny-teefusion');
    expect(warning?.code).toBe('student-of-other-sampler');
    expect(warning?.message).toMatch(/"w2sd".*"euler"/);
  });

  it('is never a damaged one', async () => {
    await rm(join(own, 'tiny-z', 'distillation.json'));
    expect(defaultStudent(await registry.list(), 'tiny', 'z-sampling')).toMatchObject({ id: 'tiny-teefusion', warning: { code: 'student-of-other-sampler' } });
    await rm(join(embedded, 'tiny-teefusion', 'distillation.json'));
    expect(defaultStudent(await registry.list(), 'tiny', 'w2sd').id).toBe('a-distillcfg');
  });

  it('is missing with an error when a teacher has none', async () => {
    expect(() => defaultStudent([], 'tiny', 'euler')).toThrow(/"tiny" has no student/);
  });
});

describe('a card', () => {
  it.each([
    ['---\nlicense: mit\ntags: [a]\n---\n# Title #\ntext', { licence: 'mit', title: 'Title', text: '# Title #\ntext' }],
    ['\ufeff---\r\nlicense: "cc by" # comment\r\n---\r\ntext', { licence: 'cc by', title: null, text: 'text' }],
    ['---\nlicense:\n---\n', { licence: null, title: null, text: '' }],
    ['---\nlicense: never closed\n# Heading', { licence: null, title: 'Heading', text: '---\nlicense: never closed\n# Heading' }],
    ['plain', { licence: null, title: null, text: 'plain' }],
    ['', { licence: null, title: null, text: '' }],
  ])('%j', (source, card) => {
    expect(parseCard(source)).toEqual(card);
  });
});
