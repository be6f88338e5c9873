// Makes training steps of a tiny student on one provider and says what came of them, as JSON. In a process of its own, because a software
// Vulkan driver is found by the environment that a process starts with.
import { TransformerConfig } from '../../checkpoints/configs.ts';
import { sizeOf } from '../../graph/values.ts';
import { studentInputs } from '../../training/distillation-batches.ts';
import { mmditParameters } from '../../training/networks.ts';
import { distillationLoss, prefixes, type StudentInput } from '../../training/objectives.ts';
import { Parameters, type ParameterSpec } from '../../training/parameters.ts';
import { TrainingRandom } from '../../training/random.ts';
import { Trainer, type Data } from '../../training/trainer.ts';

const [provider, settings] = process.argv.slice(2) as [string, string];
const { steps, accumulate, recompute } = JSON.parse(settings) as { steps: number; accumulate: number; recompute: boolean };

const config = TransformerConfig.parse({
  _class_name: 'SD3Transformer2DModel', sample_size: 4, patch_size: 2, in_channels: 4, out_channels: 4, num_layers: 2, attention_head_dim: 8, num_attention_heads: 2,
  joint_attention_dim: 16, caption_projection_dim: 16, pooled_projection_dim: 16, pos_embed_max_size: 4, qk_norm: 'rms_norm',
  txt_align_guidance: true, fusion_scale: 0.5, guidance_multiplier: 110,
});
/** What starts at zero would leave most gradients zero. */
const awake = (spec: ParameterSpec): ParameterSpec => (spec.init.kind === 'zeros' ? { ...spec, init: { kind: 'normal', deviation: 0.05 } } : spec);
const parameters = new Parameters(mmditParameters(config).map((spec) => awake({ ...spec, name: prefixes.transformer + spec.name })), 1);
const shapes = studentInputs(config, 3, 4);
const batch = (step: number): Record<StudentInput, Data> => Object.fromEntries(Object.entries(shapes).map(([name, { shape }], i) => {
  const data = new TrainingRandom(7, step, i).normals(sizeOf(shape));
  return [name, { shape, data: name === 'sigma' ? data.map((x) => 1 / (1 + Math.exp(-x))) : name === 'guidance' ? data.map((x) => 3 + x) : data }];
})) as never;

const trainer = await Trainer.create<StudentInput>(parameters, shapes, distillationLoss(config), { weightDecay: 0 }, { providers: [provider], threads: 2, gentle: true }, { accumulate, recompute });
const made = [];
for (let step = 1; step <= steps; step++) {
  made.push(await trainer.step(batch(step), 1e-2, 0.5));
  // Read after the first step and written again: the rest goes on from numbers that have been on the host.
  if (step === 1) {
    await trainer.download();
    trainer.restore(structuredClone(trainer.state()));
  }
}
await trainer.download();
const { value, average } = trainer.state();
process.stdout.write(JSON.stringify({ made, start: Array.from(parameters.values), value: Array.from(value), average: Array.from(average) }));
await trainer.close();
