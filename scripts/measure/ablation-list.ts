// Which distillations are compared, and what each changes. All learn from Euler+CFG, so that one set of teaching points serves every scale.
import { createHash } from 'node:crypto';
import { DistillRequest } from '../../main/contract/distillation.ts';
import { pointsIdentity } from '../../main/training/distillation-points.ts';

export interface Ablation {
  /** Also the student's name. */
  readonly key: string;
  readonly says: string;
  readonly changes: Partial<DistillRequest>;
}

/** The first is what the others are compared with; then what matters most, for those who stop early. */
export const ablations: readonly Ablation[] = [
  { key: 'base', says: 'TeEFusion: noised pictures, advised fusion scale, multiplier 110, γ, AdamW', changes: {} },
  { key: 'trajectories', says: 'points of trajectories, half of them at the trajectory\'s own scale', changes: { pointsFrom: 'trajectories' } },
  { key: 'distillcfg', says: 'DistillCFG: an embedder of its own', changes: { kind: 'distillcfg' } },
  { key: 'released', says: 'the release\'s constants: fusion scale 1/256, multiplier 1000', changes: { fusionScale: 1 / 256, guidanceMultiplier: 1000 } },
  { key: 'linear', says: 'raw linear fusion F(c + w(c − ∅))', changes: { kind: 'linear' } },
  { key: 'fusion-256', says: 'fusion scale 1/256', changes: { fusionScale: 1 / 256 } },
  { key: 'multiplier-1000', says: 'multiplier 1000', changes: { guidanceMultiplier: 1000 } },
  { key: 'w', says: 'the number w = γ − 1', changes: { guidanceEmbedding: 'w' } },
  { key: 'muon', says: 'Muon for the matrices inside the blocks', changes: { optimizer: 'muon' } },
  { key: 'knee', says: 'errors of γ = 3 count half, of higher scales less', changes: { lossKnee: 2 } },
  { key: 'steps', says: 'errors weighed by the length of the sampler\'s step', changes: { weighSteps: true } },
  { key: 'emphasis', says: 'errors along the guidance count four times', changes: { guidanceEmphasis: 3 } },
  { key: 'lora-16', says: 'adapters of rank 16 instead of all weights', changes: { lora: { rank: 16, alpha: null } } },
  { key: 'trajectories-own', says: 'points of trajectories, always at the trajectory\'s own scale', changes: { pointsFrom: 'trajectories', ownScaleShare: 1 } },
];

export interface Size {
  teacher: string;
  samples: number;
  batch: number;
  points: number;
  threads: number;
}

/** 500 steps at half this rate left the embedded student's slider flat above 4 (docs/results.md). */
const learningRate = 1e-3;

export const requestOf = ({ key, changes }: Ablation, { teacher, samples, batch, points, threads }: Size): DistillRequest =>
  DistillRequest.parse({ teacher, name: key, steps: Math.max(1, Math.round(samples / batch)), batch, points, threads, learningRate, ...changes });

/** Name of the folder of the points that a request learns from; the same for requests that can share them. */
export const pointsName = (request: DistillRequest, teacherHash: string): string =>
  `${request.pointsFrom}-${createHash('sha256').update(JSON.stringify({ ...pointsIdentity(request), teacherHash })).digest('hex').slice(0, 16)}`;
