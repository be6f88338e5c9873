// One component of a checkpoint: a folder with a configuration and weights, as diffusers and transformers write it.
// Knows nothing of which components a model has.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { StudioError } from '../contract/errors.ts';
import { realPath, realPathWithin } from './confine.ts';
import { fileError } from './errors.ts';
import { readJson, writeJson } from './json.ts';
import { readHeader, writeSafetensors, type SafetensorsHeader, type TensorToWrite } from './safetensors.ts';

export interface Component<Config> {
  config: Config;
  /** Real paths: absolute, without links. */
  configPath: string;
  weights: string;
  header: SafetensorsHeader;
}

/** diffusers' name and transformers'. */
const weightNames = ['diffusion_pytorch_model.safetensors', 'model.safetensors'] as const;

/**
 * Opens the component in `dir`. Its files must lie within `roots` (real paths; default: `dir` itself).
 * Throws StudioError: `not-found`, `corrupt-file`, `unsupported`, `permission` (a link leads out of `roots`).
 */
export async function openComponent<S extends z.ZodType>(dir: string, schema: S, roots?: readonly string[]): Promise<Component<z.output<S>>> {
  const allowed = roots ?? [await realPath(dir)];
  const configPath = await realPathWithin(join(dir, 'config.json'), allowed);
  const config = await readJson(configPath, schema);
  const weights = await realPathWithin(await findWeights(dir), allowed);
  return { config, configPath, weights, header: await readHeader(weights) };
}

async function findWeights(dir: string): Promise<string> {
  for (const name of weightNames) {
    const path = join(dir, name);
    if (await exists(path)) return path;
  }
  throw new StudioError('not-found', `${dir}: holds no weights (${weightNames.join(' or ')}).`);
}

/** Whether something is there; a dangling link is nothing. Throws StudioError `permission` where one may not look. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    const error = fileError(thrown, path);
    if (error.code === 'not-found') return false;
    throw error;
  }
}

/**
 * Writes a component that `openComponent`, diffusers and transformers can read. The configuration comes last: where there is one, the
 * weights are whole. A config with `architectures` is one of transformers, which names the weights differently.
 * Creates `dir`. Throws what `writeSafetensors` throws.
 */
export async function writeCheckpointComponent(dir: string, config: object, tensors: Iterable<TensorToWrite>): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (thrown) {
    throw fileError(thrown, dir);
  }
  const weights = 'architectures' in config ? 'model.safetensors' : 'diffusion_pytorch_model.safetensors';
  // Both libraries refuse files that do not name a framework.
  await writeSafetensors(join(dir, weights), tensors, { format: 'pt' });
  await writeJson(join(dir, 'config.json'), config);
}
