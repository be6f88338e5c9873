// What `studio distill` says at its end: the student, where it lies, how it was made and what it is worth. Reads the student's own record.
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../checkpoints/json.ts';
import type { Interval } from '../contract/evaluation.ts';
import type { EvaluationRow, EvaluationSummary, JobRecord } from '../contract/jobs.ts';
import { seconds, table } from './terminal.ts';

/** Of the student's own configuration: one that goes on from another takes the scale as that one does. */
const Network = z.object({ guidance_multiplier: z.number().nullable().default(null) });
const Made = z.object({ samples: z.int(), final_loss: z.number(), fusion_scale: z.number().nullable() });

/** Of a job that is done. Throws StudioError 'not-found', 'corrupt-file' for a student whose record is gone or damaged. */
export async function distillResult({ id, config, model, dataHash, device, seconds: worked, evaluation, warnings }: JobRecord, libraryDir: string): Promise<{ document: object; text: string }> {
  const folder = join(libraryDir, 'models', model!);
  const { samples, final_loss: loss, fusion_scale: fusionScale } = await readJson(join(folder, 'training.json'), Made);
  const { guidance_multiplier: multiplier } = await readJson(join(folder, 'transformer', 'config.json'), Network);
  const { teacher, initFrom, kind, strategy, guidanceRange, steps, batch, points, pointsFrom, optimizer, seed } = config;
  const document = {
    model, folder, job: id, teacher, init_from: initFrom, kind, strategy, guidance_range: guidanceRange, steps, batch, points, points_from: pointsFrom, samples, loss, fusion_scale: fusionScale,
    guidance_multiplier: multiplier, optimizer, seed, device, data_hash: dataHash, seconds: Number(worked.toFixed(3)), warnings,
    evaluation: evaluation?.summary ? { evaluation: evaluation.id, ...evaluation.summary } : null,
  };
  const facts = [['model', model!], ['folder', folder], ['steps', String(steps)], ['loss', loss.toFixed(5)], ['time', seconds(1000 * worked)]];
  return { document, text: [table(facts), ...(evaluation?.summary ? [evaluationInWords(evaluation.id, evaluation.summary)] : [])].join('\n\n') };
}

/** A line for each scale: the student beside its teacher at equal steps. */
function evaluationInWords(id: string, { prompts, count, steps, rows, warnings }: EvaluationSummary): string {
  const head = `${count} ${prompts === 'held-out' ? 'held-out prompts' : 'prompts of its own'}, ${steps} steps; studio evaluate --resume ${id} shows all`;
  return [head, table([['guidance', 'student', 'teacher', 'difference', 'distance', 'teacher\'s passes', 'teacher\'s time'], ...rows.map(cells)]), ...warnings.map(({ message }) => `warning: ${message}`)].join('\n');
}

function cells({ guidance, student, teacher, difference, distance, nfeRatio, timeRatio }: EvaluationRow): string[] {
  const ratio = (value: number) => `×${value.toFixed(2)}`;
  return [
    String(guidance), student === null ? '–' : interval(student, 100, 0, ' %'), teacher === null ? '–' : interval(teacher, 100, 0, ' %'),
    difference === null ? '–' : interval(difference, 100, 1, ' points'), distance === null ? '–' : interval(distance, 1, 3, ''), ratio(nfeRatio), ratio(timeRatio),
  ];
}

function interval({ value, low, high }: Interval, factor: number, digits: number, unit: string): string {
  const said = (number: number) => (factor * number).toFixed(digits);
  return `${said(value)}${unit} (${said(low)} to ${said(high)})`;
}
