// What networks are trained to minimise, as functions over tensors: the autoencoder's loss, flow matching, distillation.
import type * as tf from '@tensorflow/tfjs';
import type { TransformerConfig as StudentConfig } from '../checkpoints/configs.ts';
import type { DistillRequest } from '../contract/distillation.ts';
import type { TextEncoderConfig, TransformerConfig, VaeConfig } from '../networks/configs.ts';
import { clipTextEncoder } from '../networks/clip.ts';
import { at } from '../networks/layers.ts';
import { mmdit } from '../networks/mmdit.ts';
import { vaeDecode, vaeEncode } from '../networks/vae.ts';
import type { Loss } from './trainer.ts';

export interface VaeLossWeights {
  /** Of the mean absolute difference, beside the mean square; keeps edges sharp. */
  absolute: number;
  /** Of the divergence from the unit normal, per latent number. */
  divergence: number;
  /** Of the error with which latents of half the side decode to pictures of half the side. It keeps latents smooth (EQ-VAE, arXiv 2502.09509). */
  scale: number;
}

/** Each 2×2 block's mean; [n, c, h, w] to [n, c, h/2, w/2]. */
function halved(x: tf.Tensor): tf.Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return x.reshape([n * c, h / 2, 2, w / 2, 2]).mean(4).mean(2).reshape([n, c, h / 2, w / 2]);
}

/**
 * image: [n, 3, h, w] in −1..1; noise: like the latents, standard normal; wobble: [n], by how much each picture's latents are disturbed
 * beyond their own deviation, so that the decoder learns to mend what a generator gets slightly wrong.
 */
export const vaeLoss = (config: VaeConfig, weights: VaeLossWeights): Loss<'image' | 'noise' | 'wobble'> => (w, { image, noise, wobble }) => {
  const moments = vaeEncode(config, w, image);
  const logVariance = moments.logVariance.clipByValue(-20, 10);
  const latents = moments.mean.add(logVariance.mul(0.5).exp().add(wobble.reshape([-1, 1, 1, 1])).mul(noise));
  const error = (z: tf.Tensor, target: tf.Tensor): tf.Tensor => {
    const difference = vaeDecode(config, w, z).sub(target);
    return difference.square().mean().add(difference.abs().mean().mul(weights.absolute));
  };
  const divergence = moments.mean.square().add(logVariance.exp()).sub(logVariance).sub(1).mean().mul(0.5);
  const loss = error(latents, image).add(divergence.mul(weights.divergence));
  return weights.scale === 0 ? loss : loss.add(error(halved(latents), halved(image)).mul(weights.scale));
};

/** x_σ = (1 − σ)·x₀ + σ·ε with one σ per picture. */
const noised = (latents: tf.Tensor, noise: tf.Tensor, sigma: tf.Tensor): tf.Tensor => {
  const s = sigma.reshape([-1, 1, 1, 1]);
  return latents.add(noise.sub(latents).mul(s));
};

/** Prefixes of the two networks that a teacher trains together. */
export const prefixes = { transformer: 'transformer.', textEncoder: 'text_encoder.' } as const;

export type TeacherInput = 'latents' | 'noise' | 'sigma' | 'ids' | 'end';

/** Rectified flow: the velocity ε − x₀, mean squared error. The text encoder learns along. */
export const flowMatchingLoss = (transformer: TransformerConfig, text: TextEncoderConfig): Loss<TeacherInput> => (w, inputs) => {
  const { penultimate, pooled } = clipTextEncoder(text, at(w, 'text_encoder'), inputs.ids, inputs.end);
  const velocity = mmdit(transformer, at(w, 'transformer'), {
    latents: noised(inputs.latents, inputs.noise, inputs.sigma), timestep: inputs.sigma.mul(1000), tokens: penultimate, pooled,
  });
  return velocity.sub(inputs.noise.sub(inputs.latents)).square().mean();
};

export type StudentInput = 'latents' | 'sigma' | 'tokens' | 'pooled' | 'null_pooled' | 'guidance' | 'target' | 'conditional';

/** Whose errors count how much: see DistillRequest. */
export interface Emphasis extends Pick<DistillRequest, 'lossKnee' | 'guidanceRange' | 'weighSteps' | 'guidanceEmphasis'> {
  /** Of the teacher's schedule, as which the points' levels are spread. */
  readonly shift: number;
}

/** 1/(1 + ((γ − 1)/knee)²) of each sample, over its mean on the range, so that knees can be compared. gamma: [batch]. */
function scaleWeight(gamma: tf.Tensor, { lossKnee: knee, guidanceRange: [low, high] }: Emphasis): tf.Tensor {
  const [from, to] = [(low - 1) / knee, (high - 1) / knee];
  const mean = to > from ? (Math.atan(to) - Math.atan(from)) / (to - from) : 1 / (1 + from ** 2);
  return gamma.sub(1).mul(1 / knee).square().add(1).mul(mean).reciprocal();
}

/**
 * The length of the schedule's step at σ against the mean step: dσ/du = (s − (s − 1)σ)²/s of σ = s·u/(1 + (s − 1)u), shift s. Its mean is 1
 * where u is spread evenly over (0, 1). sigma: [batch].
 */
const stepWeight = (sigma: tf.Tensor, { shift }: Emphasis): tf.Tensor => sigma.mul(1 - shift).add(shift).square().mul(1 / shift);

/** Keeps the direction of a guidance that is nothing, at γ = 1, a number. */
const noGuidance = 1e-6;

/** Mean square of each sample's error along the guidance, target − conditional, over the sample's size. error: [batch, channels, height, width]. */
function alongGuidance(error: tf.Tensor, { target, conditional }: Pick<Record<StudentInput, tf.Tensor>, 'target' | 'conditional'>): tf.Tensor {
  const direction = target.sub(conditional);
  return error.mul(direction).mean([1, 2, 3]).square().div(direction.square().mean([1, 2, 3]).add(noGuidance));
}

/**
 * The student's velocity against its teacher's guided one. latents: the point x_σ itself; guidance: in the student's own number, γ or w;
 * conditional: the teacher's velocity at γ = 1, read where the guidance is emphasised.
 */
export const distillationLoss = (config: StudentConfig, emphasis?: Emphasis): Loss<StudentInput> => (w, inputs) => {
  const velocity = mmdit(config, at(w, 'transformer'), {
    latents: inputs.latents, timestep: inputs.sigma.mul(1000), tokens: inputs.tokens, pooled: inputs.pooled,
    guidance: inputs.guidance, nullPooled: inputs.null_pooled,
  });
  const error = velocity.sub(inputs.target);
  if (emphasis === undefined || (emphasis.lossKnee === 0 && !emphasis.weighSteps && emphasis.guidanceEmphasis === 0)) return error.square().mean();
  const gamma = config.guidance_embedding === 'w' ? inputs.guidance.add(1) : inputs.guidance;
  const weights = [
    ...(emphasis.lossKnee > 0 ? [scaleWeight(gamma, emphasis)] : []),
    ...(emphasis.weighSteps ? [stepWeight(inputs.sigma, emphasis)] : []),
  ];
  const all = error.square().mean([1, 2, 3]);
  const errors = emphasis.guidanceEmphasis > 0 ? all.add(alongGuidance(error, inputs).mul(emphasis.guidanceEmphasis)) : all;
  return weights.reduce((weighed, weight) => weighed.mul(weight), errors).mean();
};
