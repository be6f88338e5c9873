import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, describe, expect, it } from 'vitest';
import { openComponent, writeCheckpointComponent } from './component.ts';
import { TransformerConfig } from './configs.ts';
import { openCheckpoint } from './folder.ts';
import { FileHasher, hashCheckpoint } from './hash.ts';
import { writeJson } from './json.ts';
import { textEncoderConfig, transformerConfig, vaeConfig, writeStudent, writeTeacher } from './testing.ts';

let models: string;
let teacherDir: string;
let studentDir: string;
beforeEach(async () => {
  models = await realpath(await mkdtemp(join(tmpdir(), 'models-')));
  teacherDir = await writeTeacher(models, 'tiny');
  studentDir = await writeStudent(models, 'tiny-teefusion', 'tiny');
});
afterEach(() => rm(models, { recursive: true }));

const open = (dir: string) => openCheckpoint(dir, (id) => join(models, id));

describe('a whole model', () => {
  it('is opened as a teacher, with real paths, headers and the size of its pictures', async () => {
    const checkpoint = await open(teacherDir);
    expect(checkpoint).toMatchObject({
      dir: teacherDir, kind: 'teacher', guidanceKind: null, teacher: null, distillation: null, latentRgb: null, width: 64, height: 64,
      tokenizer: join(teacherDir, 'tokenizer', 'tokenizer.json'),
    });
    expect(checkpoint.transformer.weights).toBe(join(teacherDir, 'transformer', 'diffusion_pytorch_model.safetensors'));
    expect(checkpoint.textEncoder.weights).toBe(join(teacherDir, 'text_encoder', 'model.safetensors'));
    expect(checkpoint.transformer.header.tensors.get('weight')).toMatchObject({ dtype: 'F16', shape: [3], bytes: 6 });
    expect(checkpoint.scheduler.config.shift).toBe(3);
  });

  it('may be reached through a link', async () => {
    await symlink(teacherDir, join(models, 'linked'));
    expect((await open(join(models, 'linked'))).dir).toBe(teacherDir);
  });

  it('may say how latents look', async () => {
    const path = join(teacherDir, 'vae', 'latent_rgb.json');
    const weight = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]];
    await writeJson(path, { weight, bias: [0.5, 0.5, 0.5] });
    expect((await open(teacherDir)).latentRgb).toEqual({ weight, bias: [0.5, 0.5, 0.5] });
    await writeJson(path, { weight: weight.map((row) => row.slice(1)), bias: [0.5, 0.5, 0.5] });
    await expect(open(teacherDir)).rejects.toThrow(/latent_rgb\.json: must weigh 4/);
  });
});

describe('a student', () => {
  it('takes all but the transformer from its teacher', async () => {
    const checkpoint = await open(studentDir);
    expect(checkpoint).toMatchObject({ kind: 'student', guidanceKind: 'teefusion', teacher: 'tiny', width: 64 });
    expect(checkpoint.transformer.weights).toBe(join(studentDir, 'transformer', 'diffusion_pytorch_model.safetensors'));
    expect(checkpoint.vae.weights).toBe(join(teacherDir, 'vae', 'diffusion_pytorch_model.safetensors'));
    expect(checkpoint.distillation).toMatchObject({ strategy: 'z-sampling', guidance_range: [1, 9], distilled_steps: 20 });
  });

  it('may be of the other kind', async () => {
    const dir = await writeStudent(models, 'other', 'tiny', { config: { txt_align_guidance: false, guidance: true } });
    expect(await open(dir)).toMatchObject({ kind: 'student', guidanceKind: 'distillcfg' });
  });

  it('cannot teach itself, nor be taught by a student', async () => {
    await expect(open(await writeStudent(models, 'own', 'own'))).rejects.toThrow(/model_index\.json: names the model as its own teacher/);
    await expect(open(await writeStudent(models, 'grand', 'tiny-teefusion'))).rejects.toThrow(/names a student as its teacher/);
  });

  it('must agree with itself about its teacher, which must be there', async () => {
    await expect(open(await writeStudent(models, 'confused', 'tiny', { distillation: { teacher: 'other' } }))).rejects.toThrow(/distillation\.json: names another teacher/);
    await expect(open(await writeStudent(models, 'orphan', 'nowhere'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('must fit its teacher', async () => {
    const dir = await writeStudent(models, 'misfit', 'tiny', { config: { joint_attention_dim: 48 } });
    await expect(open(dir)).rejects.toThrow(/transformer.config\.json: "joint_attention_dim" is 48 but the hidden_size of the text encoder is 24/);
  });
});

describe('a damaged folder', () => {
  const parts = [
    'model_index.json', 'transformer/config.json', 'transformer/diffusion_pytorch_model.safetensors', 'text_encoder/config.json',
    'text_encoder/model.safetensors', 'tokenizer/tokenizer.json', 'vae/config.json', 'vae/diffusion_pytorch_model.safetensors',
    'scheduler/scheduler_config.json',
  ];

  it.each(parts)('says that %s is missing', async (part) => {
    await rm(join(teacherDir, part));
    await expect(open(teacherDir)).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining(part.split('/')[0]!) as string });
  });

  it.each(parts)('refuses %s when a link leads it elsewhere', async (part) => {
    const outside = await mkdtemp(join(tmpdir(), 'outside-'));
    try {
      await rename(join(teacherDir, part), join(outside, 'file'));
      await symlink(join(outside, 'file'), join(teacherDir, part));
      await expect(open(teacherDir)).rejects.toMatchObject({ code: 'permission', message: expect.stringContaining(part.split('/').at(-1)!) as string });
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('refuses a component folder that is a link to another model', async () => {
    const other = await writeTeacher(models, 'tiny2');
    await rm(join(teacherDir, 'vae'), { recursive: true });
    await symlink(join(other, 'vae'), join(teacherDir, 'vae'));
    // The name of the one is the start of the other's: comparing paths as text alone would accept it.
    await expect(open(teacherDir)).rejects.toMatchObject({ code: 'permission' });
  });

  it('lets a student link to files of its teacher', async () => {
    const weights = join(studentDir, 'transformer', 'diffusion_pytorch_model.safetensors');
    await rm(weights);
    await symlink(join(teacherDir, 'transformer', 'diffusion_pytorch_model.safetensors'), weights);
    expect((await open(studentDir)).transformer.weights).toContain(join('tiny', 'transformer'));
  });

  it('names a truncated weights file', async () => {
    await truncate(join(teacherDir, 'vae', 'diffusion_pytorch_model.safetensors'), 90);
    await expect(open(teacherDir)).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringMatching(/vae.diffusion_pytorch_model\.safetensors: .*truncated/) as string });
  });

  it('names a configuration that is a folder', async () => {
    await rm(join(teacherDir, 'vae', 'config.json'));
    await mkdir(join(teacherDir, 'vae', 'config.json'));
    await expect(open(teacherDir)).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('config.json') as string });
  });

  it('says that a folder is not there', async () => {
    await expect(open(join(models, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a component', () => {
  it('is written as the libraries name it and opened again', async () => {
    const dir = join(models, 'made', 'transformer');
    await writeCheckpointComponent(dir, transformerConfig, [{ name: 'x', dtype: 'F32', shape: [1], data: Float32Array.of(1) }]);
    const { config, header } = await openComponent(dir, TransformerConfig);
    expect(config).toMatchObject(transformerConfig);
    expect(header.metadata).toEqual({ format: 'pt' });
    expect(JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))).toEqual(transformerConfig);
  });

  it('leaves the old weights when the new ones cannot be written', async () => {
    const dir = join(teacherDir, 'transformer');
    const before = await readFile(join(dir, 'diffusion_pytorch_model.safetensors'));
    await expect(writeCheckpointComponent(dir, vaeConfig, [{ name: 'x', dtype: 'F32', shape: [2], data: Float32Array.of(1) }])).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await readFile(join(dir, 'diffusion_pytorch_model.safetensors'))).toEqual(before);
    expect((await openComponent(dir, TransformerConfig)).config.num_layers).toBe(2);
  });

  it('says when its place cannot be a folder', async () => {
    await expect(writeCheckpointComponent(join(teacherDir, 'README.md', 'x'), textEncoderConfig, [])).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('the hash of a model', () => {
  it('is the same in another place, and does not see the card', async () => {
    const first = await hashCheckpoint(await open(teacherDir));
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    await cp(teacherDir, join(models, 'copy'), { recursive: true });
    await writeFile(join(models, 'copy', 'README.md'), 'other');
    expect(await hashCheckpoint(await open(join(models, 'copy')))).toBe(first);
  });

  it('changes with any file that determines pictures, a teacher\'s too', async () => {
    const hasher = new FileHasher();
    const hashes = new Set([await hashCheckpoint(await open(studentDir), hasher)]);
    await writeCheckpointComponent(join(studentDir, 'transformer'), { ...transformerConfig, txt_align_guidance: true }, [{ name: 'weight', dtype: 'F16', shape: [3], data: Float32Array.of(9, 0, 0) }]);
    hashes.add(await hashCheckpoint(await open(studentDir), hasher));
    await writeJson(join(teacherDir, 'scheduler', 'scheduler_config.json'), { _class_name: 'FlowMatchEulerDiscreteScheduler', shift: 1 });
    hashes.add(await hashCheckpoint(await open(studentDir), hasher));
    await writeJson(join(teacherDir, 'tokenizer', 'tokenizer.json'), { other: true });
    hashes.add(await hashCheckpoint(await open(studentDir), hasher));
    expect(hashes.size).toBe(4);
  });

  it('reports a file that went away', async () => {
    await expect(new FileHasher().sha256(join(models, 'gone'))).rejects.toMatchObject({ name: 'StudioError', code: 'not-found' });
  });
});
