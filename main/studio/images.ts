// Stored pictures: their records, and the proof that they can be made again.
// Knows how a PNG is put together only through the library.
import type { ImageRecord, ReplayResult } from '../contract/schemas.ts';
import type { SampledPicture } from '../engine/messages.ts';
import { metadataOf, metadataTexts } from '../library/images/metadata.ts';
import { encodePng, sha256 } from '../library/images/png.ts';
import { psnr } from './psnr.ts';
import type { Handlers, Services } from './services.ts';

/** Two devices that compute the same picture differ by rounding only; at 40 dB nobody sees it. */
const toleranceDb = 40;

/** Makes a stored picture again from its record and compares the two. Nothing is stored. */
async function replay(services: Services, id: string): Promise<ReplayResult> {
  const { library, models, engine, work } = services;
  const stored = library.images.get(id);
  const expected = await library.readPicture(id);
  const { prompt, negativePrompt, guidance, steps, seed, sampler, reflection } = stored;
  const model = await models.ref(stored.model);
  const made = await work.add(() => engine.sample({ model, prompt, negativePrompt, guidance, steps, seed, sampler, reflection }));
  const png = await encodePng(made.picture, metadataTexts(metadataOf({ ...stored, ...conditionsOf(made), modelHash: model.hash })));
  const { width, height, rgb } = made.picture;
  const difference = width === expected.width && height === expected.height ? psnr(rgb, expected.rgb) : 0;
  return {
    image: id,
    identical: sha256(png) === stored.sha256,
    sameConditions: sameConditions(stored, { ...conditionsOf(made), modelHash: model.hash }),
    withinTolerance: difference >= toleranceDb,
    psnr: Number.isFinite(difference) ? difference : null,
    sha256: sha256(png),
    expectedSha256: stored.sha256,
  };
}

type Conditions = Pick<ImageRecord, 'device' | 'threads' | 'runtime' | 'modelHash'>;

/** Only then the same bytes are to be expected. */
function sameConditions(a: Conditions, b: Conditions): boolean {
  return a.device === b.device && a.threads === b.threads && a.runtime === b.runtime && a.modelHash === b.modelHash;
}

function conditionsOf({ provider, threads, runtime }: SampledPicture) {
  return { device: provider, threads, runtime };
}

export function imageHandlers(services: Services) {
  return {
    'images.get': ({ image }) => services.library.images.get(image),
    'images.replay': ({ image }) => replay(services, image),
  } satisfies Partial<Handlers>;
}
