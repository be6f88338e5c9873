// Teaching points from pictures: each encoded, noised to a level of its own, and answered by the teacher.
// Knows nothing of how points are stored.
import { StudioError } from '../contract/errors.ts';
import { Network } from '../diffusion/networks.ts';
import { planSampling, reflects } from '../diffusion/samplers.ts';
import { flowMatchSigmas } from '../diffusion/schedule.ts';
import { vaeEncode } from '../networks/vae.ts';
import type { PointKind, PointsSetup } from './distillation-points.ts';
import { hasPictures, scaleAt, type PictureSource } from './distillation-source.ts';
import { Teacher } from './distillation-teacher.ts';
import { TrainingRandom } from './random.ts';

/** Points that are computed together. */
const group = 16;
/** Below it a picture has no noise left to speak of. */
const leastSigma = 0.003;

/** Throws StudioError `invalid-input` for a source without pictures. */
export function noisedPictures(setup: PointsSetup): PointKind {
  const { checkpoint, request, source } = setup;
  if (!hasPictures(source)) {
    throw new StudioError('invalid-input', 'These prompts have no pictures that could be noised.', { hint: 'Learn from the teacher\'s trajectories instead (pointsFrom: trajectories).' });
  }
  const { shift } = checkpoint.scheduler.config;
  const plan = planSampling(request.strategy, 0, request.reflection);
  const sigmas = flowMatchSigmas(request.scheduleSteps, shift);
  const random = (index: number): TrainingRandom => new TrainingRandom(request.seed, 4, index);

  /** One noise level a group, all levels equally often: multiples of the golden ratio spread evenly, however many there are. */
  const level = (index: number): number => Math.floor(((Math.floor(index / group) * 0.618_033_988_75) % 1) * request.scheduleSteps);

  const place: PointKind['place'] = (index) => {
    const draw = random(index);
    const share = draw.uniform();
    if (plan.reflection !== null) return { sigma: sigmas[level(index)]!, share };
    // As densely as a sampler with the teacher's shift visits it.
    const u = draw.uniform();
    return { sigma: Math.max(leastSigma, (shift * u) / (1 + (shift - 1) * u)), share: null };
  };

  return {
    group,
    place,
    open() {
      const encode = pictureEncoder(setup, source);
      const teacher = new Teacher(checkpoint.transformer, setup.text.empty, setup.session);
      return {
        async make(start, count) {
          const indices = Array.from({ length: count }, (_, i) => start + i);
          const places = indices.map(place);
          const items = indices.map((index) => index % source.count);
          const x = await encode.latents(items);
          const length = x.length / count;
          places.forEach(({ sigma }, b) => {
            const draw = random(indices[b]!);
            // The two numbers that decided the place.
            draw.uniform();
            draw.uniform();
            const noise = draw.normals(length);
            for (let i = 0; i < length; i++) x[b * length + i] = (1 - sigma) * x[b * length + i]! + sigma * noise[i]!;
          });
          const text = await setup.text.encode(items.map((item) => source.caption(item)));
          if (plan.reflection === null) return [x, ...(await teacher.branches(x, places.map(({ sigma }) => sigma), text))];
          const at = level(start);
          const step = { from: sigmas[at]!, to: sigmas[at + 1]!, reflects: reflects(plan, sigmas, at) };
          const plans = places.map(({ share }) => planSampling(request.strategy, scaleAt(request, share!), request.reflection));
          const { velocity, conditional } = await teacher.effective(x, step, text, plans);
          return [x, velocity, conditional];
        },
        async close() {
          await encode.close();
          await teacher.close();
        },
      };
    },
  };
}

interface PictureEncoder {
  /** Scaled and shifted as the transformer knows them, [n, channels·height·width]. */
  latents(items: readonly number[]): Promise<Float32Array>;
  close(): Promise<void>;
}

function pictureEncoder({ checkpoint, session }: PointsSetup, source: PictureSource): PictureEncoder {
  const { vae, width, height } = checkpoint;
  const { config } = vae;
  const network = new Network<'image'>(vae, (w, { image }) => ({ mean: vaeEncode(config, w, image).mean }), session);
  return {
    async latents(items) {
      const pictures = await Promise.all(items.map((item) => source.picture(item)));
      for (const picture of pictures) {
        if (picture.width === width && picture.height === height) continue;
        throw new StudioError('invalid-input', `A picture to learn from has ${picture.width}×${picture.height} pixels; the teacher draws ${width}×${height}.`);
      }
      const { mean } = await network.run({ image: { data: planes(pictures.map(({ rgb }) => rgb), width * height), shape: [items.length, 3, height, width] } });
      return mean!.map((value) => (value - config.shift_factor) * config.scaling_factor);
    },
    close: () => network.close(),
  };
}

/** Rows of bytes to planes of −1..1. */
function planes(pictures: readonly Uint8Array[], area: number): Float32Array {
  const all = new Float32Array(pictures.length * 3 * area);
  pictures.forEach((rgb, n) => {
    for (let c = 0; c < 3; c++) for (let i = 0; i < area; i++) all[(n * 3 + c) * area + i] = rgb[i * 3 + c]! / 127.5 - 1;
  });
  return all;
}
