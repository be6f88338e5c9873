// The log of a training run: one JSON line a step. Knows what a line says and nothing of training.
import { appendFile, readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import { fileError } from '../checkpoints/errors.ts';

/** Beside the checkpoints. */
export const logFile = 'log.jsonl';

export interface LogRow {
  step: number;
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  learningRate: number;
  ms: number;
}

/** Throws StudioError `disk-full`, `permission`. */
export async function appendRow(file: string, { step, loss, gradientNorm, learningRate, ms }: LogRow): Promise<void> {
  await appendLine(file, { step, loss, gradient_norm: gradientNorm, learning_rate: learningRate, ms });
}

/** One line more of a log of steps. Throws as `appendRow`. */
export async function appendLine(file: string, line: Readonly<Record<string, number>>): Promise<void> {
  await appendFile(file, `${JSON.stringify(line)}\n`).catch((thrown: unknown) => {
    throw fileError(thrown, file);
  });
}

/** Shortens a log to its steps up to `last` and returns them; a line that a crash cut off goes too. Throws as `appendRow`. */
export async function cutLog(file: string, last: number): Promise<{ step: number; loss: number }[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const rows = new Map<number, { step: number; loss: number; line: string }>();
  for (const line of text.split('\n')) {
    const row = parse(line);
    if (row !== null && row.step <= last) rows.set(row.step, { ...row, line });
  }
  const kept = [...rows.values()];
  const shortened = kept.map(({ line }) => `${line}\n`).join('');
  if (shortened !== text) await writeFileAtomic(file, shortened);
  return kept;
}

function parse(line: string): { step: number; loss: number } | null {
  try {
    const { step, loss } = JSON.parse(line) as { step: unknown; loss: unknown };
    return typeof step === 'number' && typeof loss === 'number' ? { step, loss } : null;
  } catch {
    return null;
  }
}
