// Measures how far the evaluator can be trusted and writes it to resources/evaluator/trust.json, which every report quotes.
// With --vae it prints instead how much of a render is still read after the way through an autoencoder: no generator can do better.
// With --labels it measures anew only how often it agrees with the labels, and keeps the rest.
// node scripts/node.mjs scripts/measure/evaluator.ts [--renders 1800] [--corrupted 400] [--subset 60] [--labels] [--vae MODEL_FOLDER]
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { openComponent } from '../../main/checkpoints/component.ts';
import { VaeConfig } from '../../main/checkpoints/configs.ts';
import type { EvaluatorTrust, Share } from '../../main/contract/evaluation.ts';
import { Network } from '../../main/diffusion/networks.ts';
import { wilson } from '../../main/evaluation/statistics.ts';
import { vaeDecode, vaeEncode } from '../../main/networks/vae.ts';
import { evaluatorVersion, factNames } from '../../main/storybook/evaluator.ts';
import { measureCorrupted, measureRenders, type Change, type FactTally, type Trust } from '../../main/storybook/trust.ts';
import { agreements, readingsDigest, summary } from './label-agreement.ts';
import { table } from './models.ts';

const { values } = parseArgs({ options: {
  renders: { type: 'string', default: '1800' }, corrupted: { type: 'string', default: '400' }, subset: { type: 'string', default: '60' }, vae: { type: 'string' },
  labels: { type: 'boolean', default: false },
} });
const file = path.join(import.meta.dirname, '../../resources/evaluator/trust.json');
const share = ({ right, asked }: FactTally): Share => wilson(right, asked);
const percent = ({ right, asked }: FactTally): string => `${((100 * right) / asked).toFixed(1)} % of ${asked}`;

if (values.vae === undefined) await publish();
else {
  const { change, close } = await throughAutoencoder(path.resolve(values.vae));
  const renders = await measureRenders(Number(values.renders), change);
  await close();
  console.log(table(['fact', 'read right'], factNames.map((name) => [name, percent(renders[name])])));
}

async function publish(): Promise<void> {
  const published = JSON.parse(await readFile(file, 'utf8')) as Published;
  const sets = { final: await agreements('final'), independent: await agreements('independent'), development: await agreements('development') };
  const readings = versioned(readingsDigest(Object.values(sets).flat()), published);
  const labels = { final: summary(sets.final), independent: summary(sets.independent), development: summary(sets.development) };
  const pictures = values.labels ? published : await measured();
  const trust: EvaluatorTrust = { renders: pictures.renders, corruptedMisread: pictures.corruptedMisread, labelled: labels.final.same };
  await writeFileAtomic(file, `${JSON.stringify({ ...trust, readings, labels, corrupted: pictures.corrupted, subset: pictures.subset }, null, 1)}\n`);
  console.log(table(['fact', 'read right'], factNames.map((name) => [name, percent(trust.renders[name]!)])));
  console.log(`\n${table(['spoilt by', 'misread', 'recognised', 'abstained', 'of'], Object.entries(pictures.corrupted).map(([name, { misread, recognised, abstained, asked }]) => [name, misread, recognised, abstained, asked].map(String)))}`);
  console.log(`\n${table(['labels', 'agree'], Object.entries(labels).map(([set, { same }]) => [set, percent(same)]))}`);
}

/** What is measured of pictures whose facts are known. */
type Measured = Omit<EvaluatorTrust, 'labelled'> & Pick<Trust, 'corrupted'> & { subset: { count: number } & Trust };
interface Published extends Measured {
  readings: { version: number; digest: string };
}

async function measured(): Promise<Measured> {
  const renders = await measureRenders(Number(values.renders));
  const corrupted = await measureCorrupted(Number(values.corrupted));
  const sum = (of: 'misread' | 'asked'): number => Object.values(corrupted).reduce((all, tally) => all + tally[of], 0);
  const count = Number(values.subset);
  return {
    renders: Object.fromEntries(factNames.map((name) => [name, share(renders[name])])), corruptedMisread: wilson(sum('misread'), sum('asked')), corrupted,
    // What the test measures again.
    subset: { count, renders: await measureRenders(count), corrupted: await measureCorrupted(count) },
  };
}

/** The digest with the evaluator's version. @throws Error when what it reads has changed since that version was published, or the rest is to be kept of another */
function versioned(digest: string, { readings: last }: Pick<Published, 'readings'>): Published['readings'] {
  if (last.version === evaluatorVersion && last.digest !== '' && last.digest !== digest) throw new Error(`The evaluator reads otherwise than version ${evaluatorVersion} did: raise evaluatorVersion, and evaluate anew what is published. (Or pictures were added to the labels: then empty the digest in the file.)`);
  if (values.labels && last.version !== evaluatorVersion) throw new Error(`The other figures are of version ${last.version}: measure them anew, without --labels.`);
  return { version: evaluatorVersion, digest };
}

/** Encodes to the mean latents and decodes them again, one picture at a time. */
async function throughAutoencoder(model: string): Promise<{ change: Change; close: () => Promise<void> }> {
  const component = await openComponent(path.join(model, 'vae'), VaeConfig);
  const network = new Network(component, (w, { image }) => ({ decoded: vaeDecode(component.config, w, vaeEncode(component.config, w, image!).mean) }), { gentle: true });
  const area = 128 * 128;
  const change: Change = async (rgb) => {
    const planes = Float32Array.from({ length: 3 * area }, (_, i) => rgb[(i % area) * 3 + Math.floor(i / area)]! / 127.5 - 1);
    const { decoded } = await network.run({ image: { data: planes, shape: [1, 3, 128, 128] } });
    return Uint8Array.from({ length: 3 * area }, (_, i) => Math.max(0, Math.min(255, Math.round((decoded![(i % 3) * area + Math.floor(i / 3)]! + 1) * 127.5))));
  };
  return { change, close: () => network.close() };
}
