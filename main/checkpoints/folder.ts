// Opens a model's folder in diffusers' layout: which components it has, where their files really are, and that they fit together.
// Knows nothing of how the components are computed.
import { join } from 'node:path';
import { StudioError } from '../contract/errors.ts';
import type { StudentKind } from '../contract/schemas.ts';
import { guidanceKindOf } from '../networks/configs.ts';
import { exists, openComponent, type Component } from './component.ts';
import {
  Distillation, LatentRgb, ModelIndex, SchedulerConfig, TextEncoderConfig, TransformerConfig, VaeConfig, vaeScale,
} from './configs.ts';
import { realPath, realPathWithin } from './confine.ts';
import { corruptFile } from './errors.ts';
import { readJson } from './json.ts';

export interface Checkpoint {
  /** Real path of the model's own folder. */
  dir: string;
  /** A student answers to a guidance scale in one pass; a teacher needs two. */
  kind: 'teacher' | 'student';
  guidanceKind: StudentKind | null;
  /** Of a student that takes the other components from its teacher: that one's id. */
  teacher: string | null;
  distillation: Distillation | null;
  transformer: Component<TransformerConfig>;
  textEncoder: Component<TextEncoderConfig>;
  vae: Component<VaeConfig>;
  scheduler: { config: SchedulerConfig; configPath: string };
  /** Real path of `tokenizer.json`. */
  tokenizer: string;
  latentRgb: LatentRgb | null;
  /** Size of its pictures, pixels. */
  width: number;
  height: number;
}

/**
 * Opens the model in `dir`. A student's missing components come from `resolveTeacher(id)`, the folder of its teacher; files must
 * really lie within one of the two.
 * Throws StudioError naming the file: `not-found`, `corrupt-file`, `unsupported`, `permission`; what `resolveTeacher` throws.
 */
export async function openCheckpoint(dir: string, resolveTeacher: (id: string) => string | Promise<string>): Promise<Checkpoint> {
  const own = await realPath(dir);
  const index = await readIndex(own);
  const teacher = index.teacher ?? null;
  const shared = teacher === null ? own : await realPath(await resolveTeacher(teacher));
  if (teacher !== null) await checkTeacher(own, shared);

  const roots = [own, shared];
  const transformer = await openComponent(join(own, 'transformer'), TransformerConfig, roots);
  const textEncoder = await openComponent(join(shared, 'text_encoder'), TextEncoderConfig, roots);
  const vae = await openComponent(join(shared, 'vae'), VaeConfig, roots);
  const schedulerPath = await realPathWithin(join(shared, 'scheduler', 'scheduler_config.json'), roots);
  checkFit(transformer, textEncoder, vae);
  const side = transformer.config.sample_size * vaeScale(vae.config);
  const guidanceKind = guidanceKindOf(transformer.config);
  return {
    dir: own,
    kind: guidanceKind === null ? 'teacher' : 'student',
    guidanceKind,
    teacher,
    distillation: teacher === null ? null : await readDistillation(own, teacher, roots),
    transformer,
    textEncoder,
    vae,
    scheduler: { config: await readJson(schedulerPath, SchedulerConfig), configPath: schedulerPath },
    tokenizer: await realPathWithin(join(shared, 'tokenizer', 'tokenizer.json'), roots),
    latentRgb: await readLatentRgb(join(shared, 'vae', 'latent_rgb.json'), roots, vae.config.latent_channels),
    width: side,
    height: side,
  };
}

async function readIndex(dir: string): Promise<ModelIndex> {
  return readJson(await realPathWithin(join(dir, 'model_index.json'), [dir]), ModelIndex);
}

async function checkTeacher(own: string, shared: string): Promise<void> {
  if (own === shared) throw corruptFile(join(own, 'model_index.json'), 'names the model as its own teacher.');
  const grandTeacher = (await readIndex(shared)).teacher;
  if (grandTeacher !== undefined) throw corruptFile(join(own, 'model_index.json'), 'names a student as its teacher.');
}

async function readDistillation(own: string, teacher: string, roots: readonly string[]): Promise<Distillation> {
  const path = await realPathWithin(join(own, 'distillation.json'), roots);
  const distillation = await readJson(path, Distillation);
  if (distillation.teacher !== teacher) throw corruptFile(path, `names another teacher than model_index.json, which says "${teacher}".`);
  return distillation;
}

async function readLatentRgb(path: string, roots: readonly string[], channels: number): Promise<LatentRgb | null> {
  if (!(await exists(path))) return null;
  const map = await readJson(await realPathWithin(path, roots), LatentRgb);
  if (map.weight.some((row) => row.length !== channels)) throw corruptFile(path, `must weigh ${channels} latent channels.`);
  return map;
}

/** One component's outputs must have the size the next one takes. */
function checkFit({ config: mmdit, configPath }: Component<TransformerConfig>, text: Component<TextEncoderConfig>, vae: Component<VaeConfig>): void {
  const pairs = [
    ['joint_attention_dim', mmdit.joint_attention_dim, text.config.hidden_size, 'the hidden_size of the text encoder'],
    ['pooled_projection_dim', mmdit.pooled_projection_dim, text.config.projection_dim, 'the projection_dim of the text encoder'],
    ['in_channels', mmdit.in_channels, vae.config.latent_channels, 'the latent_channels of the VAE'],
    ['out_channels', mmdit.out_channels, vae.config.latent_channels, 'the latent_channels of the VAE'],
  ] as const;
  for (const [key, value, expected, meaning] of pairs) {
    if (value !== expected) throw new StudioError('corrupt-file', `${configPath}: "${key}" is ${value} but ${meaning} is ${expected}.`);
  }
}
