// Does the student's slider matter? Distance of student(g) to teacher(g′) over the same prompts and noise: each row's
// smallest value should stand on the diagonal (METHOD.md).
// node scripts/node.mjs scripts/measure/slider.ts [--models DIR] [--student storybook-teefusion] [--count 16] [--steps 20]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { heldOutPrompts } from '../../main/storybook/dataset.ts';
import { modelsFolder, openModel, table, type OpenedModel } from './models.ts';

const { values } = parseArgs({ options: {
  models: { type: 'string', default: modelsFolder }, teacher: { type: 'string', default: 'storybook' }, student: { type: 'string', default: 'storybook-teefusion' },
  count: { type: 'string', default: '16' }, steps: { type: 'string', default: '20' },
} });
const scales = [1, 2, 4, 7];
const folder = path.resolve(values.models);
const prompts = heldOutPrompts(Number(values.count), 'one', 'exclude');
const steps = Number(values.steps);
const teacher = await openModel(folder, values.teacher);
const student = await openModel(folder, values.student);

const latentsOf = async (model: OpenedModel, prompt: (typeof prompts)[number]): Promise<Float32Array[]> => {
  const all: Float32Array[] = [];
  for (const guidance of scales) all.push((await model.draw({ ...prompt, guidance, steps })).latents);
  return all;
};
const distance = (a: Float32Array, b: Float32Array): number => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0) / a.length);

const sums = scales.map(() => scales.map(() => 0));
for (const prompt of prompts) {
  const taught = await latentsOf(teacher, prompt);
  const learned = await latentsOf(student, prompt);
  learned.forEach((own, i) => taught.forEach((other, j) => (sums[i]![j]! += distance(own, other) / prompts.length)));
}
console.log(table(['', ...scales.map((g) => `teacher(${g})`)], scales.map((g, i) => [`student(${g})`, ...sums[i]!.map((d) => (d === Math.min(...sums[i]!) ? `**${d.toFixed(3)}**` : d.toFixed(3)))])));
const onDiagonal = sums.every((row, i) => row[i] === Math.min(...row));
console.log(`\n${prompts.length} prompts, ${steps} steps, root mean square in latents. Row minima on the diagonal: ${onDiagonal ? 'yes' : 'no'}.`);
await teacher.close();
await student.close();
