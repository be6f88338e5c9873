// Trains the Storybook teacher (transformer and text encoder) from nothing and writes models/storybook.
import path from 'node:path';
import { trainingSets } from '../../main/evaluation/memorisation.ts';
import { caption, type Stage } from '../../main/storybook/grammar.ts';
import { createRng } from '../../main/storybook/rng.ts';
import { clipParameters, mmditParameters } from '../../main/training/networks.ts';
import { flowMatchingLoss, prefixes } from '../../main/training/objectives.ts';
import { Parameters, type ParameterSpec } from '../../main/training/parameters.ts';
import { TrainingRandom } from '../../main/training/random.ts';
import { resumeFrom, runTraining } from '../../main/training/run.ts';
import { Trainer } from '../../main/training/trainer.ts';
import { innerMatrices } from '../../main/training/trainer-update.ts';
import { endPosition } from '../../main/networks/clip.ts';
import { modelsFolder, progressPrinter, scriptOptions, stopSignal } from './common.ts';
import { latentSet, type LatentSet } from './latents.ts';
import { maxTokens, textEncoderConfig, tokenizer, transformerConfig, writeTeacher } from './storybook.ts';

const { folder, threads, steps, seed } = scriptOptions('teacher');
const total = steps ?? 8000;
const batch = 64;
const emptyCaptions = 0.1;
/** Noise levels are logit-normal: mostly high, where the layout of a picture is decided; a tenth lies below 0.3, where its edges are. */
const noise = { mean: 0.7, deviation: 1.2 };

const vae = path.join(modelsFolder, 'storybook/vae');
const sets: Partial<Record<Stage, LatentSet>> = {};
for (const { stage, seed: ofSet, count } of trainingSets) sets[stage] = await latentSet(path.join(folder, '../latents'), vae, stage, count, ofSet, console.log);

/** Shares of the stages: one big object first, then every place, then as many pairs. By steps, not by parts of the run: it may be made longer. */
function shares(step: number): readonly [Stage, number][] {
  if (step < 320) return [['one-plain', 1]];
  if (step < 1200) return [['one-plain', 0.3], ['one', 0.6], ['two', 0.1]];
  if (step < 4000) return [['one-plain', 0.1], ['one', 0.45], ['two', 0.45]];
  return [['one-plain', 0.05], ['one', 0.4], ['two', 0.55]];
}

const { length } = sets.one!;
const latentShape = [batch, transformerConfig.in_channels, transformerConfig.sample_size, transformerConfig.sample_size];

function makeBatch(step: number) {
  const random = new TrainingRandom(seed, 3, step);
  const latents = new Float32Array(batch * length);
  const sigma = new Float32Array(batch);
  const ids = new Int32Array(batch * maxTokens);
  const end = new Int32Array(batch);
  for (let b = 0; b < batch; b++) {
    let pick = random.uniform();
    const [stage] = shares(step).find(([, share]) => (pick -= share) < 0) ?? shares(step)[0]!;
    const set = sets[stage]!;
    const index = random.below(set.count);
    set.read(index, latents, b * length);
    // A scene is told in other words each time it comes up.
    const text = random.uniform() < emptyCaptions ? '' : caption(set.scene(index), createRng(seed + 7, step * batch + b));
    const encoded = tokenizer.encodePrompt(text, maxTokens).ids;
    ids.set(encoded, b * maxTokens);
    end[b] = endPosition([...encoded], textEncoderConfig.eos_token_id);
    sigma[b] = 1 / (1 + Math.exp(-(noise.mean + noise.deviation * random.normal())));
  }
  return {
    latents: { data: latents, shape: latentShape }, noise: { data: random.normals(batch * length), shape: latentShape },
    sigma: { data: sigma, shape: [batch] }, ids: { data: ids, shape: [batch, maxTokens] }, end: { data: end, shape: [batch] },
  };
}

const prefixed = (prefix: string, specs: ParameterSpec[]): ParameterSpec[] => specs.map((spec) => ({ ...spec, name: prefix + spec.name }));
const parameters = new Parameters([...prefixed(prefixes.transformer, mmditParameters(transformerConfig)), ...prefixed(prefixes.textEncoder, clipParameters(textEncoderConfig))], seed);
console.log(`${(parameters.length / 1e6).toFixed(2)} million parameters.`);
const trainer = await Trainer.create(parameters, {
  latents: { dtype: 'float32', shape: latentShape }, noise: { dtype: 'float32', shape: latentShape }, sigma: { dtype: 'float32', shape: [batch] },
  ids: { dtype: 'int32', shape: [batch, maxTokens] }, end: { dtype: 'int32', shape: [batch] },
}, flowMatchingLoss(transformerConfig, textEncoderConfig), { weightDecay: 0.01, muon: innerMatrices, muonSize: 0.6 }, { threads, gentle: true });
if (await resumeFrom(trainer, folder, console.warn)) console.log(`Resuming at step ${trainer.steps}.`);

const print = progressPrinter(total, 20, batch);
const finished = await runTraining(trainer, {
  steps: total, learningRate: 1e-3, warmup: 60, hold: 0.7, finalShare: 0.02, averageDecay: 0.998, folder, checkpointEvery: 200, signal: stopSignal(),
  batch: async (step) => makeBatch(step),
  onStep: async (report) => {
    print(report);
    // A model to look at: samples tell more than the loss.
    if (report.step % 200 === 0) await writeTeacher(path.join(folder, 'snapshot'), parameters, trainer.average, vae);
  },
});
if (finished) await writeTeacher(path.join(modelsFolder, 'storybook'), parameters, trainer.average, vae);
await trainer.close();
