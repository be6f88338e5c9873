// How much of a run is not network: arithmetic, previews, waiting for the event loop. And whether one batch of two branches beats two passes.
// Usage: npm run bench -- pipeline-overhead [MODEL …]   (default: every embedded model)
import { join } from 'node:path';
import { ModelRegistry } from '../main/checkpoints/registry.ts';
import { openPipelineParts, type OpenedParts } from '../main/diffusion/components.ts';
import { classifierFree } from '../main/diffusion/guidance.ts';
import { seededNoise } from '../main/diffusion/noise.ts';
import { Pipeline } from '../main/diffusion/pipeline.ts';

const request = { prompt: 'a red boat on the sea', guidance: 5, steps: 20, seed: 7 };
const rounds = 5;

interface Cost {
  nfe: number;
  wall: number;
  network: number;
  decode: number;
}

export default async function run(ids: string[] = []): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'models');
  const registry = new ModelRegistry([{ path: folder, embedded: true }]);
  const models = ids.length > 0 ? ids : (await registry.list()).filter(({ problem }) => problem === null).map(({ id }) => id);
  if (models.length === 0) console.log('There is no model to measure.');
  for (const id of models) {
    const parts = await openPipelineParts(await registry.resolve(id));
    try {
      await measureModel(id, parts);
    } finally {
      await parts.close();
    }
  }
}

async function measureModel(id: string, parts: OpenedParts): Promise<void> {
  const pipeline = new Pipeline(parts);
  const samplers = parts.student === null ? (['euler', 'z-sampling'] as const) : (['euler'] as const);
  const costs = new Map(samplers.map((sampler) => [sampler, [] as Cost[]]));
  // The first round opens sessions and encodes the prompt; it is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [sampler, list] of costs) {
      const cost = await measureRun(pipeline, sampler);
      if (round > 0) list.push(cost);
    }
  }
  console.log(`\n${id}, ${request.steps} steps, median of ${rounds} runs, milliseconds`);
  console.table([...costs].map(([sampler, list]) => {
    const [wall, network, decode] = (['wall', 'network', 'decode'] as const).map((key) => median(list.map((cost) => cost[key])));
    const outside = median(list.map((cost) => (cost.wall - cost.network - cost.decode) / cost.wall));
    return { sampler, nfe: list[0]!.nfe, run: wall!.toFixed(1), network: network!.toFixed(1), decoder: decode!.toFixed(1), outside: percent(outside) };
  }));
  if (parts.student === null) console.table([await measureBatch(parts)]);
}

async function measureRun(pipeline: Pipeline, sampler: 'euler' | 'z-sampling'): Promise<Cost> {
  const started = performance.now();
  const image = await pipeline.run({ ...request, sampler }, { onStep: () => {} });
  return { nfe: image.nfe, wall: performance.now() - started, network: image.networkMs, decode: image.decodeMs };
}

/** Both branches of classifier-free guidance in one batch, against one after the other. */
async function measureBatch({ velocityModel, textEncoder }: OpenedParts): Promise<Record<string, string>> {
  const pair = { prompt: await textEncoder.encode(request.prompt), negative: await textEncoder.encode('') };
  const branches = classifierFree.branches(pair, request.guidance);
  const latents = seededNoise(request.seed, velocityModel.latentShape.reduce((product, extent) => product * extent, 1));
  const together: number[] = [];
  const separate: number[] = [];
  for (let round = 0; round < 20; round++) {
    together.push(await timed(() => velocityModel.velocity(latents, 0.5, branches)));
    separate.push(await timed(async () => {
      for (const branch of branches) await velocityModel.velocity(latents, 0.5, [branch]);
    }));
  }
  const [batch, passes] = [median(together.slice(1)), median(separate.slice(1))];
  return { 'one evaluation of velocityModel': batch.toFixed(2), 'two passes': passes.toFixed(2), ratio: (batch / passes).toFixed(3) };
}

async function timed(body: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await body();
  return performance.now() - started;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
