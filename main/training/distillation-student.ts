// A student as a folder: its transformer, its teacher's name, how it was made, and a card that says so in words.
// Knows nothing of how it learned.
import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import { readCard } from '../checkpoints/card.ts';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import { writeCheckpointComponent } from '../checkpoints/component.ts';
import type { Distillation, TransformerConfig } from '../checkpoints/configs.ts';
import { fileError } from '../checkpoints/errors.ts';
import { writeJson } from '../checkpoints/json.ts';
import type { StudentKind } from '../contract/schemas.ts';
import { guidanceKindOf } from '../networks/configs.ts';
import { prefixes } from './objectives.ts';
import type { Parameters } from './parameters.ts';

/** A trained student, not yet written. */
export interface Student {
  readonly config: TransformerConfig;
  readonly parameters: Parameters;
  /** In the layout of `parameters`. */
  readonly weights: Float32Array;
  /** Goes to distillation.json. */
  readonly distillation: Distillation;
}

/** Keys that say what a network is not stay out of its config. */
export function writtenConfig(config: TransformerConfig): object {
  const { txt_align_guidance, guidance, linear_guidance, fusion_scale, guidance_multiplier, guidance_embedding, dual_attention_layers, ...rest } = config;
  return {
    ...rest,
    ...(dual_attention_layers.length > 0 && { dual_attention_layers }),
    ...(txt_align_guidance && { txt_align_guidance, fusion_scale }),
    ...(guidance && { guidance }),
    ...(linear_guidance && { linear_guidance }),
    ...((txt_align_guidance || guidance) && { guidance_multiplier }),
    ...(guidanceKindOf(config) !== null && { guidance_embedding }),
  };
}

/**
 * Writes the student into `dir`, creating it; what makes it a model comes last. `teacherDir`: its teacher's folder, whose licence it
 * keeps. Throws StudioError `disk-full`, `permission`.
 */
export async function writeStudent(dir: string, name: string, student: Student, teacherDir: string): Promise<void> {
  const { config, parameters, weights, distillation } = student;
  try {
    await mkdir(dir, { recursive: true });
  } catch (thrown) {
    throw fileError(thrown, dir);
  }
  const card = await readCard(teacherDir).catch(() => null);
  await writeFileAtomic(path.join(dir, 'README.md'), cardOf(name, student, card?.licence ?? null));
  await writeJson(path.join(dir, 'distillation.json'), distillation);
  await writeCheckpointComponent(path.join(dir, 'transformer'), writtenConfig(config), parameters.export(weights, prefixes.transformer, 'F16'));
  await writeJson(path.join(dir, 'model_index.json'), {
    _class_name: 'StorybookPipeline', teacher: distillation.teacher, transformer: ['diffusers', 'SD3Transformer2DModel'],
  });
}

/** How the scale enters, in the words of METHOD. */
const kindNames: Readonly<Record<StudentKind, string>> = {
  teefusion: 'A TeEFusion student', distillcfg: 'A DistillCFG student', linear: 'A student by raw linear fusion of the pooled text',
};

function guidanceForm(config: TransformerConfig): string {
  const number = config.guidance_embedding === 'w' ? 'as w = scale − 1' : 'as it is';
  const embedded = `multiplier ${config.guidance_multiplier}`;
  if (config.txt_align_guidance) return `${number}, ${embedded}, fusion scale ${config.fusion_scale}`;
  return config.guidance ? `${number}, ${embedded}` : number;
}

const strategyNames = { euler: 'Euler with classifier-free guidance', 'z-sampling': 'Z-Sampling', w2sd: 'W2SD' } as const;

function cardOf(name: string, { config, distillation }: Student, licence: string | null): string {
  const { teacher, strategy, guidance_range: [low, high], distilled_steps: steps, points, samples } = distillation;
  const schedule = steps === null ? 'Any number of steps will do.' : `It learned a schedule of ${steps} steps and is meant for that number.`;
  return `${licence === null ? '' : `---\nlicense: ${licence}\n---\n`}# ${name}

${kindNames[guidanceKindOf(config)!]} of \`${teacher}\`: with one pass per step it does what its teacher does under ${strategyNames[strategy]}.

- Guidance scale: ${low} to ${high}, given to the network as a number (${guidanceForm(config)}).
- ${schedule}
- Trained on ${samples} samples from ${points === 'trajectories' ? 'its teacher\'s trajectories' : 'noised pictures'}; every weight of the transformer learned. Text encoder and autoencoder are its teacher's.

\`distillation.json\` holds all settings.
`;
}
