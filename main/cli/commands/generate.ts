// `studio generate`: pictures of one model, with consecutive seeds.
import { GenerateRequest } from '../../contract/schemas.ts';
import type { Command } from '../command.ts';
import { UsageError, validated } from '../options.ts';
import { pictureFields, pictureFlags, pictureOptions, present } from '../picture-options.ts';
import { copyPicture, printed } from '../pictures.ts';
import { Progress } from '../progress.ts';
import { seconds, table } from '../terminal.ts';
import { finishedRun } from '../watch-run.ts';

const options = {
  model: { value: 'MODEL', help: 'the model, as `studio models` names it (required)' },
  count: { value: 'N', help: 'how many pictures, with seeds N, N+1, … (default 1)' },
  ...pictureOptions,
} as const;

export const generate: Command = {
  name: 'generate',
  summary: 'Make pictures with one model.',
  synopsis: '"PROMPT" --model MODEL',
  options,
  async run(context) {
    const { args, terminal } = context;
    const model = args.text('model');
    if (model === undefined) throw new UsageError('--model is missing', '"studio models" lists the models of this machine.');
    const request = validated(GenerateRequest, { ...pictureFields(args), model, ...present({ count: args.number('count') }) }, {
      ...pictureFlags, model: '--model', count: '--count',
    });
    const studio = await context.studio();
    const progress = new Progress(terminal.streams.stderr);
    const run = await finishedRun(studio, () => studio.call('runs.generate', request), { progress, signal: context.signal });
    for (const warning of run.warnings) terminal.note(`warning: ${warning.message}`);
    const out = args.text('out');
    const images = [];
    for (const image of run.images) {
      const stored = await studio.imagePath(image);
      const path = out === undefined ? stored : await copyPicture(stored, image, out);
      images.push({ ...printed(image, path), seed: image.seed });
    }
    const rows = images.map((image) => [`seed ${image.seed}`, image.id, `${image.nfe} passes`, seconds(image.ms), image.image]);
    terminal.result({ run: run.id, images }, table(rows));
  },
};
