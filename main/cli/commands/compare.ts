// `studio compare`: teacher and student make the same prompt's picture; what each cost, and the speed-up.
import { StudioError } from '../../contract/errors.ts';
import { CompareRequest, type ImageRecord, type Role, type RunRecord } from '../../contract/schemas.ts';
import type { Command, Context } from '../command.ts';
import { validated } from '../options.ts';
import { pictureFields, pictureFlags, pictureOptions, present } from '../picture-options.ts';
import { copyPicture, printed, type PrintedPicture } from '../pictures.ts';
import { Progress } from '../progress.ts';
import { seconds, table } from '../terminal.ts';
import { finishedRun } from '../watch-run.ts';

const options = {
  ...pictureOptions,
  teacher: { value: 'MODEL', help: 'the teacher (default storybook)' },
  student: { value: 'MODEL', help: 'the student (default: the one distilled from the sampler)' },
} as const;

export interface Comparison {
  run: string;
  prompt: string;
  seed: number;
  guidance: number;
  steps: number;
  teacher: PrintedPicture;
  student: PrintedPicture;
  /** Teacher's time over the student's, at the same number of steps in the same run. */
  speedup: number;
}

export const compare: Command = {
  name: 'compare',
  summary: 'Make one prompt\'s picture with a teacher and with its student, side by side.',
  synopsis: '"PROMPT"',
  options,
  async run(context) {
    const { args, terminal } = context;
    const chosen = present({ teacher: args.text('teacher'), student: args.text('student') });
    const request = validated(CompareRequest, { ...pictureFields(args), ...chosen }, {
      ...pictureFlags, teacher: '--teacher', student: '--student',
    });
    const studio = await context.studio();
    const progress = new Progress(terminal.streams.stderr);
    const run = await finishedRun(studio, () => studio.call('runs.compare', request), { progress, signal: context.signal });
    for (const warning of run.warnings) terminal.note(`warning: ${warning.message}`);
    const comparison = await describe(context, run);
    terminal.result(comparison, inWords(comparison));
  },
};

async function describe(context: Context, run: RunRecord): Promise<Comparison> {
  const studio = await context.studio();
  const out = context.args.text('out');
  const picture = async (role: Role) => {
    const image = imageOf(run, role);
    const stored = await studio.imagePath(image);
    return printed(image, out === undefined ? stored : await copyPicture(stored, image, out));
  };
  const [teacher, student] = [await picture('teacher'), await picture('student')];
  const { id, prompt, seed, guidance, steps } = run;
  return { run: id, prompt, seed, guidance, steps, teacher, student, speedup: teacher.ms / student.ms };
}

function imageOf(run: RunRecord, role: Role): ImageRecord {
  const image = run.images.find((candidate) => candidate.role === role);
  if (image === undefined) throw new StudioError('internal', `The finished run ${run.id} has no picture of the ${role}.`);
  return image;
}

function inWords({ teacher, student, speedup }: Comparison): string {
  const row = (role: string, picture: PrintedPicture) =>
    [role, picture.model, `${picture.nfe} passes`, seconds(picture.ms), picture.image];
  return `${table([row('teacher', teacher), row('student', student)])}\nstudent ${speedup.toFixed(2)}× as fast as its teacher`;
}
