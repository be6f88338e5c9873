// Makes the pictures of one run: every model warmed up first, then one picture after the other, each on disk before it is reported.
// Knows nothing of queues: whoever calls it has the engine to itself.
import type { ImageRecord, RgbPicture, RunRecord } from '../contract/schemas.ts';
import type { ModelRef, PictureJob, RawPicture, SampledPicture, StepReport } from '../engine/messages.ts';
import { plannedPictures, type PlannedPicture } from './run-plan.ts';
import type { Services } from './services.ts';

/** Rejects with 'cancelled' when `signal` is aborted, with what engine and library throw; pictures made before stay. */
export async function makePictures(services: Services, run: RunRecord, signal: AbortSignal): Promise<void> {
  const planned = plannedPictures(run);
  const refs = await warmUp(services, run, planned, signal);
  for (const picture of planned) {
    const job = jobOf(run, picture, refs.get(picture.model)!);
    const sampled = await services.engine.sample(job, { signal, onStep: seldom((report) => services.events.emit('run.step', stepEvent(run, picture, report))) });
    const image = await services.library.storeImage({ ...imageOf(run, picture, job, sampled), picture: sampled.picture });
    services.events.emit('run.image', { run: run.id, image });
  }
}

/** Milliseconds between two steps that are told. Nobody sees more, and a window that draws each takes the cores that the next step wants. */
const toldEvery = 100;

/** Passes on the first step, the last, and of those between no more than can be seen. */
function seldom(tell: (report: StepReport) => void): (report: StepReport) => void {
  let toldAt = -Infinity;
  return (report) => {
    if (report.step < report.steps && performance.now() - toldAt < toldEvery) return;
    toldAt = performance.now();
    tell(report);
  };
}

/** Opens each model and evaluates its shapes before anything is timed. */
async function warmUp({ models, engine }: Services, run: RunRecord, planned: readonly PlannedPicture[], signal: AbortSignal) {
  const refs = new Map<string, ModelRef>();
  for (const picture of planned) {
    if (refs.has(picture.model)) continue;
    const ref = await models.ref(picture.model);
    refs.set(picture.model, ref);
    await engine.warm(jobOf(run, picture, ref), { signal });
  }
  return refs;
}

function jobOf(run: RunRecord, { seed }: PlannedPicture, model: ModelRef): PictureJob {
  const { prompt, negativePrompt, guidance, steps, sampler, reflection } = run;
  return { model, prompt, negativePrompt, guidance, steps, seed, sampler, reflection };
}

function imageOf(run: RunRecord, { role, model, seed }: PlannedPicture, job: PictureJob, sampled: SampledPicture) {
  const { nfe, samplingMs, decodeMs, effectiveGuidance, sampler, generator, provider, threads, runtime } = sampled;
  const { prompt, negativePrompt, guidance, steps, reflection } = run;
  return {
    run: run.id, role, model, modelHash: job.model.hash, prompt, negativePrompt, guidance, effectiveGuidance, steps, seed, sampler,
    // What did not take part in making the picture is not recorded with it.
    reflection: sampler === 'euler' ? {} : reflection,
    generator, nfe, ms: samplingMs + decodeMs, samplingMs, decodeMs, device: provider, threads, runtime,
  } satisfies Partial<ImageRecord>;
}

function stepEvent(run: RunRecord, { role, index }: PlannedPicture, { preview, ...report }: StepReport) {
  return { run: run.id, role, index, ...report, preview: preview === null ? null : rgbPicture(preview) };
}

export function rgbPicture({ width, height, rgb }: RawPicture): RgbPicture {
  return { width, height, rgb: Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength).toString('base64') };
}
