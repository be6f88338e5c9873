// Makes resources/evaluation/training-pictures.idx, by which evaluations look for copies of training pictures without drawing them all.
// To be made anew when the world is drawn otherwise or the teacher learns from other pictures; a test says so.
// node scripts/node.mjs scripts/measure/training-index.ts [--cache DIR]     (2.4 minutes of a core, or what the cache has not yet)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { MemorisationCheck, trainingSets } from '../../main/evaluation/memorisation.ts';
import { renderedDescriptors } from '../../main/evaluation/rendered.ts';
import { trainingIndex } from '../../main/evaluation/training-index.ts';

const { values } = parseArgs({ options: { cache: { type: 'string' } } });
const folder = values.cache ?? await mkdtemp(path.join(tmpdir(), 'training-index-'));
try {
  const onProgress = (done: number, total: number): void => {
    if (done % 3200 === 0 || done === total) console.log(`${done} of ${total} pictures drawn`);
  };
  const { thresholds } = await MemorisationCheck.open(folder, { onProgress });
  const file = await trainingIndex(trainingSets, thresholds, await renderedDescriptors(folder, trainingSets));
  const target = path.join(import.meta.dirname, '../../resources/evaluation/training-pictures.idx');
  await writeFileAtomic(target, file);
  console.log(`${path.relative(process.cwd(), target)}: ${Math.ceil(file.length / 1024)} KiB, thresholds ${thresholds[1].toFixed(4)} and ${thresholds[2].toFixed(4)}`);
} finally {
  if (values.cache === undefined) await rm(folder, { recursive: true, force: true });
}
