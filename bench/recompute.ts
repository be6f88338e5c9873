// What computing activations again spares and costs: peak memory and time of a training step with and without, each in a process of its
// own, taking turns. `npm run bench -- recompute [ROUNDS] [TEACHER]`. Weights are random; they decide neither.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TransformerConfig } from '../main/checkpoints/configs.ts';
import { ModelRegistry } from '../main/checkpoints/registry.ts';
import { trainingEnvironment } from '../main/engine/training-host.ts';
import { machine, median, table } from './measure.ts';
import type { StepCost, StepSize } from './recompute-step.ts';

/** By how much longer a picture's side is, and the batch. With sixteen times as many tokens a picture, attention's tables are most of the memory. */
const sizes = [{ side: 1, batch: 64 }, { side: 4, batch: 2 }] as const;
const steps = 3;

export default async function run(args: string[] = []): Promise<void> {
  const [rounds, teacher] = [Number(args[0] ?? 2), args[1] ?? 'storybook'];
  const registry = new ModelRegistry([{ path: path.join(import.meta.dirname, '..', 'models'), embedded: true }]);
  const { transformer, textEncoder } = await registry.resolve(teacher);
  const tokens = textEncoder.config.max_position_embeddings;
  const rows: (string | number)[][] = [];
  for (const { side, batch } of sizes) {
    const config: TransformerConfig = { ...transformer.config, sample_size: side * transformer.config.sample_size, pos_embed_max_size: side * transformer.config.pos_embed_max_size };
    const costs: Record<'kept' | 'again', StepCost[]> = { kept: [], again: [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of ['kept', 'again'] as const) costs[name].push(await measured({ config, tokens, batch, steps, recompute: name === 'again' }));
    }
    const ofKept = summary(costs.kept);
    for (const [name, found] of Object.entries(costs)) {
      const { peak, before, ms } = summary(found);
      const image = (config.sample_size / config.patch_size) ** 2;
      rows.push([
        name === 'kept' ? `${image} + ${tokens} tokens, batch ${batch}: activations kept` : '  computed again', megabytes(peak), megabytes(before), megabytes(peak - before),
        (ms / 1000).toFixed(2), name === 'kept' ? '' : `${((peak - before) / (ofKept.peak - ofKept.before)).toFixed(2)} ×`, name === 'kept' ? '' : `${(ms / ofKept.ms).toFixed(2)} ×`,
      ]);
    }
    if (Math.abs(costs.again[0]!.loss / costs.kept[0]!.loss - 1) > 1e-5) console.log(`the losses disagree: ${costs.kept[0]!.loss} and ${costs.again[0]!.loss}`);
  }
  const width = transformer.config.num_attention_heads * transformer.config.attention_head_dim;
  console.log(machine());
  console.log(`Transformer of ${teacher}: width ${width}, ${transformer.config.num_layers} blocks; the whole step with AdamW and average, float32; largest resident set, ${rounds} processes each`);
  table([['step', 'peak MB', 'before the first step', 'steps add', 'median s', 'memory', 'time'], ...rows]);
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** Medians; the first step of a process also fills its caches and is left out of the times. */
function summary(costs: readonly StepCost[]): { peak: number; before: number; ms: number } {
  return { peak: median(costs.map(({ peakBytes }) => peakBytes)), before: median(costs.map(({ beforeBytes }) => beforeBytes)), ms: median(costs.flatMap(({ ms }) => ms.slice(1))) };
}

async function measured(size: StepSize): Promise<StepCost> {
  const child = fork(path.join(import.meta.dirname, 'recompute-step.ts'), { execArgv: [], env: { ...process.env, ...trainingEnvironment } });
  child.send(size);
  const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [null])]) as [StepCost | null];
  if (answer === null) throw new Error('The measuring process ended without an answer; was there enough memory?');
  return answer;
}
