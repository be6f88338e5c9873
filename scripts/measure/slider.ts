// Does the student's slider matter? Distance of student(g) to teacher(g′) over the same prompts and noise: each row's
// smallest value should stand on the diagonal (METHOD.md). --sampler: the teacher's, which its student learned.
// node scripts/node.mjs scripts/measure/slider.ts [--models DIR] [--student storybook-teefusion] [--sampler z-sampling] [--count 16] [--steps 20]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Sampler } from '../../main/contract/schemas.ts';
import { heldOutPrompts } from '../../main/storybook/dataset.ts';
import { drawAt, onDiagonal, sliderHeader, sliderMatrix, sliderRows, sliderScales, type Drawn } from './distances.ts';
import { modelsFolder, openModel, table } from './models.ts';

const { values } = parseArgs({ options: {
  models: { type: 'string', default: modelsFolder }, teacher: { type: 'string', default: 'storybook' }, student: { type: 'string', default: 'storybook-teefusion' },
  sampler: { type: 'string', default: 'euler' }, count: { type: 'string', default: '16' }, steps: { type: 'string', default: '20' },
} });
const folder = path.resolve(values.models);
const prompts = heldOutPrompts(Number(values.count), 'one', 'exclude');
const steps = Number(values.steps);
const sampler = Sampler.parse(values.sampler);
const teacher = await openModel(folder, values.teacher);
const student = await openModel(folder, values.student);

const taught: Drawn[] = [];
const learned: Drawn[] = [];
for (const prompt of prompts) {
  taught.push(await drawAt(teacher, prompt, sliderScales, steps, sampler));
  learned.push(await drawAt(student, prompt, sliderScales, steps));
}
const matrix = sliderMatrix(learned, taught);
console.log(table(sliderHeader, sliderRows(matrix)));
console.log(`\n${prompts.length} prompts, ${steps} steps, root mean square in latents. Row minima on the diagonal: ${onDiagonal(matrix) ? 'yes' : 'no'}.`);
await teacher.close();
await student.close();
