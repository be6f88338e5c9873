// Publishes evaluations: from the folders that `studio evaluate --out DIR` wrote, docs/results/NAME.md and NAME.csv with charts and small
// sheets of pictures in docs/images, docs/results/README.md with the targets, and docs/results/facts.jsonl, which later evaluations are
// compared with. With --ablations DIR also the table that ablations.ts wrote there.
// node scripts/node.mjs scripts/measure/publish.ts NAME=DIR … [--ablations DIR] [--docs docs] [--pictures 6] [--facts 64]
import path from 'node:path';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { readText } from '../../main/checkpoints/json.ts';
import { namedFolders, readExport } from './exports.ts';
import { factsFile, publicationOf, resultsDocument } from './publication.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: {
  docs: { type: 'string', default: path.join(import.meta.dirname, '../../docs') }, pictures: { type: 'string', default: '6' }, facts: { type: 'string', default: '64' },
  ablations: { type: 'string' },
} });
if (positionals.length === 0) throw new Error('Say which evaluations, as NAME=DIR.');
const exported = await Promise.all(namedFolders(positionals).map(({ name, dir }) => readExport(name, dir)));
const [results, images] = [path.join(values.docs, 'results'), path.join(values.docs, 'images')];
await mkdir(results, { recursive: true });
await mkdir(images, { recursive: true });

// First, for it says whether the evaluations belong together.
const facts = factsFile(exported, Number(values.facts));
for (const evaluation of exported) {
  // Sheets of scales that are not drawn any more must not stay.
  for (const file of await readdir(images)) if (file.startsWith(`${evaluation.name}-sheet`)) await rm(path.join(images, file));
  let bytes = 0;
  for await (const { folder, name, content } of publicationOf(evaluation, Number(values.pictures))) {
    await writeFileAtomic(path.join(values.docs, folder, name), content);
    bytes += Buffer.byteLength(content);
  }
  console.log(`${evaluation.name}: ${evaluation.report.cells.length} cells of ${evaluation.report.cells[0]!.count} prompts, ${Math.ceil(bytes / 1024)} KiB`);
}
await writeFileAtomic(path.join(results, 'facts.jsonl'), facts);
if (values.ablations !== undefined) {
  const table = await readText(path.join(values.ablations, 'ablations.md'), 2 ** 20);
  await writeFileAtomic(path.join(results, 'ablations.md'), `# Ablations\n\n\`node scripts/node.mjs scripts/measure/ablations.ts --work DIR\`\n\n${table}`);
}
const further = values.ablations === undefined ? [] : ['ablations'];
await writeFileAtomic(path.join(results, 'README.md'), resultsDocument(exported, further));
console.log(`facts.jsonl: ${facts.split('\n').length - 2} prompts, ${Math.ceil(facts.length / 1024)} KiB. Put into words what they say in docs/results.md.`);
