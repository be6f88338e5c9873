// Writes what evaluations measured into the cards of the models: the section "Measured" of models/NAME/README.md, which the window shows too.
// node scripts/node.mjs scripts/measure/cards.ts EXPORT_DIR … [--models models]     (what `studio evaluate --out EXPORT_DIR` wrote)
import path from 'node:path';
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import { hashCheckpoint } from '../../main/checkpoints/hash.ts';
import { readText } from '../../main/checkpoints/json.ts';
import { measuredSection, withSection } from './card-section.ts';
import { readExport } from './exports.ts';
import { modelsFolder } from './models.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { models: { type: 'string', default: modelsFolder } } });
if (positionals.length === 0) throw new Error('Say which folders `studio evaluate --out` wrote.');
const models = path.resolve(values.models);
const reports = (await Promise.all(positionals.map((dir) => readExport('', path.resolve(dir))))).map(({ report }) => report);

for (const id of (await readdir(models)).filter((name) => reports.some((report) => report.models.some((model) => model.id === name))).sort()) {
  const checkpoint = await openCheckpoint(path.join(models, id), (teacher) => path.join(models, teacher));
  const section = measuredSection(id, await hashCheckpoint(checkpoint), reports);
  const card = path.join(models, id, 'README.md');
  if (section === null) console.log(`${id}: nothing was measured of it on held-out prompts.`);
  else {
    await writeFileAtomic(card, withSection(await readText(card, 2 ** 20), section));
    console.log(`${id}: ${card}`);
  }
}
