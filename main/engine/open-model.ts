// Opens a model for sampling on the configured device: finds its folder, traces its networks, joins them to a pipeline.
// Runs in the engine process only; the host never loads a network.
import { ModelRegistry } from '../checkpoints/registry.ts';
import { openPipelineParts } from '../diffusion/components.ts';
import { Pipeline } from '../diffusion/pipeline.ts';
import type { OpenModel } from './executor.ts';
import type { EngineConfig, ModelRef } from './messages.ts';

/** Throws StudioError: 'not-found', 'corrupt-file', 'unsupported', 'permission'. */
export async function openModel(model: ModelRef, config: EngineConfig): Promise<OpenModel> {
  const registry = new ModelRegistry(config.modelDirs.map((path) => ({ path, embedded: false })));
  const checkpoint = await registry.resolve(model.id);
  const parts = await openPipelineParts(checkpoint, { providers: [config.provider], threads: config.threads });
  return { pipeline: new Pipeline(parts), close: () => parts.close() };
}
