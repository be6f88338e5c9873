// The metrics that a person has registered: folders of `<library>/metrics/` with a metric.json. Reads descriptions and hashes files;
// running a metric is the engine's work.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { realPath, realPathWithin } from '../checkpoints/confine.ts';
import { fileError } from '../checkpoints/errors.ts';
import { readJson } from '../checkpoints/json.ts';
import { toErrorData } from '../contract/errors.ts';
import { MetricFile, MetricId, type MetricInfo } from '../contract/metrics.ts';
import type { MetricRef } from '../engine/messages.ts';

export interface RegisteredMetric {
  readonly info: MetricInfo;
  /** null when there is a problem. */
  readonly ref: MetricRef | null;
}

/** All folders with a legal name, by name; those that cannot be used say why. Throws StudioError('permission'). */
export async function registeredMetrics(libraryDir: string): Promise<RegisteredMetric[]> {
  const root = join(libraryDir, 'metrics');
  const metrics: RegisteredMetric[] = [];
  for (const id of (await foldersIn(root)).sort()) {
    if (MetricId.safeParse(id).success) metrics.push(await describe(id, join(root, id)));
  }
  return metrics;
}

async function describe(id: string, dir: string): Promise<RegisteredMetric> {
  const root = await realPath(dir).catch(() => dir);
  try {
    const description = join(root, 'metric.json');
    const { name, model, output, higherIsBetter } = await readJson(description, MetricFile);
    const files = [model, ...(output.kind === 'dual' ? [output.text.model, output.text.tokenizer] : [])];
    const paths = await Promise.all(files.map((file) => realPathWithin(join(root, file), [root])));
    const hash = await hashFiles([description, ...paths]);
    return { info: { id, name, kind: output.kind, higherIsBetter, problem: null }, ref: { id, dir: root, hash } };
  } catch (thrown) {
    return { info: { id, name: id, kind: 'scalar', higherIsBetter: true, problem: withoutFolder(toErrorData(thrown).message, root) }, ref: null };
  }
}

/** What a report says of a metric is read by others, whom the folders of this machine do not concern. */
function withoutFolder(message: string, dir: string): string {
  return message.replaceAll(dir + sep, '');
}

async function hashFiles(paths: readonly string[]): Promise<string> {
  const all = createHash('sha256');
  for (const path of paths) {
    const one = createHash('sha256');
    await pipeline(createReadStream(path), one);
    all.update(one.digest());
  }
  return all.digest('hex');
}

async function foldersIn(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  } catch (thrown) {
    const error = fileError(thrown, root);
    if (error.code === 'not-found') return [];
    throw error;
  }
}
