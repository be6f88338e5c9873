// Condenses a training log to a table of a few dozen rows: mean loss and gradient norm of each stretch, time spent.
// node scripts/node.mjs scripts/measure/training-log.ts LOG.jsonl OUT.csv [ROWS]
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';

interface Line { step: number; loss: number; gradient_norm: number; learning_rate: number; ms: number }

const [from, to, rows = '40'] = process.argv.slice(2);
if (!from || !to) throw new Error('Say which log, and where the table goes.');
// A resumed run repeats the steps after its checkpoint: the last word on a step counts.
const steps = new Map<number, Line>();
for (const text of (await readFile(from, 'utf8')).split('\n').filter(Boolean)) {
  const line = JSON.parse(text) as Line;
  steps.set(line.step, line);
}
const lines = [...steps.values()].sort((a, b) => a.step - b.step);
const stretch = Math.ceil(lines.length / Number(rows));
const out = ['step,loss,gradient_norm,learning_rate,seconds'];
let seconds = 0;
for (let start = 0; start < lines.length; start += stretch) {
  const part = lines.slice(start, start + stretch);
  const mean = (of: (line: Line) => number): number => part.reduce((sum, line) => sum + of(line), 0) / part.length;
  seconds += part.reduce((sum, line) => sum + line.ms, 0) / 1000;
  const last = part.at(-1)!;
  out.push([last.step, mean((l) => l.loss).toFixed(5), mean((l) => l.gradient_norm).toFixed(4), last.learning_rate.toPrecision(3), seconds.toFixed(0)].join());
}
await writeFileAtomic(to, `${out.join('\n')}\n`);
console.log(`${lines.length} steps, ${seconds.toFixed(0)} s inside them; last loss ${out.at(-1)!.split(',')[1]}.`);
