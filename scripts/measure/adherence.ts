// How many facts of a prompt a model gets right, read back from the pixels by the world's evaluator.
// node scripts/node.mjs scripts/measure/adherence.ts [--models DIR] [--model storybook,storybook-teefusion] [--stage one-plain] [--count 64] [--guidance 3,5] [--steps 20]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { wilson } from '../../main/evaluation/statistics.ts';
import { share } from '../../main/evaluation/words.ts';
import { heldOutPrompts, type HeldOut } from '../../main/storybook/dataset.ts';
import { factNames, judge, type FactName } from '../../main/storybook/evaluator.ts';
import { stages, type Stage } from '../../main/storybook/grammar.ts';
import { modelsFolder, openModel, table } from './models.ts';

const { values } = parseArgs({ options: {
  models: { type: 'string', default: modelsFolder }, model: { type: 'string', default: 'storybook,storybook-teefusion' }, stage: { type: 'string', default: 'one-plain' },
  prompts: { type: 'string', default: 'only' }, count: { type: 'string', default: '64' }, guidance: { type: 'string', default: '3,5' }, steps: { type: 'string', default: '20' },
} });
const stage = stages.find((name) => name === values.stage);
if (!stage) throw new Error(`--stage is one of ${stages.join(', ')}.`);
const prompts = heldOutPrompts(Number(values.count), stage satisfies Stage, values.prompts as HeldOut);
const rows: string[][] = [];
for (const id of values.model.split(',')) {
  const model = await openModel(path.resolve(modelsFolder, values.models), id);
  for (const guidance of values.guidance.split(',').map(Number)) {
    const right = new Map<FactName, number>();
    const asked = new Map<FactName, number>();
    let all = 0;
    for (const { prompt, seed, facts } of prompts) {
      const { picture } = await model.draw({ prompt, seed, guidance, steps: Number(values.steps) });
      const { perFact, allCorrect } = await judge(picture.rgb, picture.width, facts);
      for (const name of factNames) {
        const verdict = perFact[name];
        if (verdict === undefined || verdict === null) continue;
        asked.set(name, (asked.get(name) ?? 0) + 1);
        if (verdict) right.set(name, (right.get(name) ?? 0) + 1);
      }
      if (allCorrect) all += 1;
    }
    const told = (n: number, of: number): string => share(of === 0 ? null : wilson(n, of), 0);
    rows.push([id, String(guidance), ...factNames.map((name) => told(right.get(name) ?? 0, asked.get(name) ?? 0)), told(all, prompts.length)]);
  }
  await model.close();
}
console.log(table(['model', 'guidance', ...factNames, 'all facts'], rows));
console.log(`\nWith Wilson's 95 % intervals; ${prompts.length} ${values.prompts === 'only' ? 'held-out' : 'known'} prompts of the stage '${stage}', ${values.steps} steps.`);
