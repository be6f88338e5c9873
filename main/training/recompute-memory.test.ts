// What computing again is for: the memory of a training step as the operating system sees it, each way in a process of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { StepCost, StepSize } from '../../bench/recompute-step.ts';
import { TransformerConfig } from '../checkpoints/configs.ts';

const config = TransformerConfig.parse({
  _class_name: 'SD3Transformer2DModel', sample_size: 16, patch_size: 2, in_channels: 4, out_channels: 4, num_layers: 6, attention_head_dim: 32, num_attention_heads: 2,
  joint_attention_dim: 32, caption_projection_dim: 64, pooled_projection_dim: 32, pos_embed_max_size: 8, qk_norm: 'rms_norm',
});

async function cost(recompute: boolean): Promise<StepCost> {
  const child = fork(path.join(import.meta.dirname, '../../bench/recompute-step.ts'), { execArgv: [] });
  onTestFinished(() => void child.kill());
  child.send({ config, tokens: 8, batch: 64, steps: 2, recompute } satisfies StepSize);
  return (await once(child, 'message'))[0] as StepCost;
}

it('takes far less memory than steps take otherwise, for the same loss', async () => {
  const [kept, again] = [await cost(false), await cost(true)];
  expect(again.loss / kept.loss).toBeCloseTo(1, 5);
  const added = ({ peakBytes, beforeBytes }: StepCost): number => peakBytes - beforeBytes;
  expect(added(kept)).toBeGreaterThan(120e6);
  expect(added(again)).toBeLessThan(0.65 * added(kept));
}, 240_000);
