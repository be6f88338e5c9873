// A student as a folder: its transformer, adapters where it has some, its teacher's name, how it was made, and a card that says so in words.
// Knows nothing of how it learned.
import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import { readCard } from '../checkpoints/card.ts';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import { writeCheckpointComponent } from '../checkpoints/component.ts';
import type { Distillation, TransformerConfig } from '../checkpoints/configs.ts';
import { fileError } from '../checkpoints/errors.ts';
import { writeJson } from '../checkpoints/json.ts';
import { loraFile, loraFolder, wholeFile, withPair, writeLora } from '../checkpoints/lora.ts';
import { writeSafetensors, type TensorToWrite } from '../checkpoints/safetensors.ts';
import type { StudentKind } from '../contract/schemas.ts';
import { guidanceKindOf } from '../networks/configs.ts';
import { factorOf, pairNames, type Adapters } from './adapters.ts';
import type { Beginning } from './distillation-start.ts';
import { prefixes } from './objectives.ts';

/** A trained student, not yet written. */
export interface Student extends Beginning {
  readonly config: TransformerConfig;
  /** Of what learned, in the layout of `parameters`. */
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

type Learned = Pick<Student, 'parameters' | 'fixed' | 'adapters' | 'weights'>;
type Pair = Record<'a' | 'b', { shape: number[]; data: Float32Array }>;

/** The pair of each adapted module, by the name it has in `parameters`. */
function pairsOf({ parameters, weights }: Learned, { modules }: Adapters): Map<string, Pair> {
  const view = (name: string) => {
    const { shape, data } = parameters.view(weights, name);
    return { shape: [...shape], data };
  };
  return new Map(modules.map((module): [string, Pair] => {
    const { a, b } = pairNames(module);
    return [module, { a: view(a), b: view(b) }];
  }));
}

/** Everything that learned and is no adapter. */
function wholeOf({ parameters, weights, adapters }: Learned): TensorToWrite[] {
  const pairs = new Set(adapters?.modules.flatMap((module) => Object.values(pairNames(module))));
  return parameters.export(weights, prefixes.transformer, 'F16').filter(({ name }) => !pairs.has(prefixes.transformer + name));
}

/** The transformer as a network has it, whatever learned of it: adapters are merged, rounded once. */
export function studentTensors(student: Learned): TensorToWrite[] {
  const { fixed, adapters } = student;
  const whole = wholeOf(student);
  if (adapters === null) return whole;
  const pairs = pairsOf(student, adapters);
  const factor = factorOf(adapters);
  return [...whole, ...fixed.map(({ name, shape, data }): TensorToWrite => {
    const pair = pairs.get(name.replace(/\.weight$/, ''));
    return { name: name.slice(prefixes.transformer.length), shape: [...shape], dtype: 'F16', data: pair ? withPair(data, { ...pair, factor }) : data };
  })];
}

/** Of the student's weights on disk, in half precision; of one with adapters, merged and beside that the pairs. */
export const storedBytes = ({ parameters, fixed }: Pick<Learned, 'parameters' | 'fixed'>): number => 2 * fixed.reduce((sum, { data }) => sum + data.length, parameters.length);

/** The adapters by themselves, for other tools, and beside them what had to be trained whole. */
async function writeAdapters(dir: string, student: Student, adapters: Adapters): Promise<void> {
  const pairs = [...pairsOf(student, adapters)].map(([module, pair]) => [module.slice(prefixes.transformer.length), pair] as const);
  await makeFolder(dir);
  await writeLora(path.join(dir, loraFile), new Map(pairs), adapters);
  const whole = wholeOf(student).map((tensor) => ({ ...tensor, name: prefixes.transformer + tensor.name }));
  if (whole.length > 0) await writeSafetensors(path.join(dir, wholeFile), whole, { format: 'pt' });
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (thrown) {
    throw fileError(thrown, dir);
  }
}

/**
 * Writes the student into `dir`, creating it; what makes it a model comes last. `teacherDir`: its teacher's folder, whose licence it
 * keeps. Throws StudioError `disk-full`, `permission`.
 */
export async function writeStudent(dir: string, name: string, student: Student, teacherDir: string): Promise<void> {
  const { config, adapters, distillation } = student;
  await makeFolder(dir);
  const card = await readCard(teacherDir).catch(() => null);
  await writeFileAtomic(path.join(dir, 'README.md'), cardOf(name, student, card?.licence ?? null));
  await writeJson(path.join(dir, 'distillation.json'), distillation);
  if (adapters !== null) await writeAdapters(path.join(dir, loraFolder), student, adapters);
  await writeCheckpointComponent(path.join(dir, 'transformer'), writtenConfig(config), studentTensors(student));
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

const pointsNames = {
  'noised-images': 'noised pictures', trajectories: 'its teacher\'s trajectories', 'student-trajectories': 'trajectories of the student that it went on from, corrected by its teacher',
} as const;

function cardOf(name: string, { config, adapters, distillation }: Student, licence: string | null): string {
  const { teacher, strategy, guidance_range: [low, high], distilled_steps: steps, points, samples, init_from: from } = distillation;
  const schedule = steps === null ? 'Any number of steps will do.' : `It learned a schedule of ${steps} steps and is meant for that number.`;
  const learned = adapters === null
    ? 'every weight of the transformer learned'
    : `adapters of rank ${adapters.rank} (alpha ${adapters.alpha}) learned beside the transformer's matrices; they are merged into \`transformer/\` and stand by themselves in \`${loraFolder}/\``;
  return `${licence === null ? '' : `---\nlicense: ${licence}\n---\n`}# ${name}

${kindNames[guidanceKindOf(config)!]} of \`${teacher}\`: with one pass per step it does what its teacher does under ${strategyNames[strategy]}.

- Guidance scale: ${low} to ${high}, given to the network as a number (${guidanceForm(config)}).
- ${schedule}
- Trained on ${samples - (from?.samples ?? 0)} samples${from ? ' more' : ''} from ${pointsNames[points]}${from ? `, after the ${from.samples} of \`${from.student}\`, from which it went on` : ''}; ${learned}. Text encoder and autoencoder are its teacher's.

\`distillation.json\` holds all settings.
`;
}
