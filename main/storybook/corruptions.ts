// Pictures that are no longer what their scene says: what the evaluator must not take for something. Each is made from a
// scene of one object, at random but repeatably. Knows nothing of the evaluator.
import sharp from 'sharp';
import { shades } from './drawings/palette.ts';
import { renderScene, sceneSvg } from './render.ts';
import type { Rng } from './rng.ts';
import type { Scene, SceneObject } from './scene.ts';
import { colours, kinds } from './vocabulary.ts';

/** `keepsObject`: a person may still recognise the object; where not, no kind at all may be named. */
export const corruptions = {
  blurred: { keepsObject: true },
  noised: { keepsObject: true },
  wobbled: { keepsObject: true },
  unsure: { keepsObject: true },
  'half-drawn': { keepsObject: true },
  'two halves': { keepsObject: false },
  blended: { keepsObject: false },
  blob: { keepsObject: false },
} as const;
export type Corruption = keyof typeof corruptions;
export const corruptionNames = Object.keys(corruptions) as Corruption[];

const pixels = 128;

/**
 * A scene of one object, spoilt: RGB bytes, 128·128·3.
 *
 * `blurred` by a Gaussian of 3 to 12 pixels; `noised` by one of 25 to 110 levels; `wobbled` by waves of up to 3 to 10 pixels, each
 * pixel moving elsewhere; `unsure` as a generator draws that knows the outline better than what is inside: ragged by one to three
 * pixels, inner detail washed out in patches, and a little soft; `half-drawn`: the object ends at a cut through its middle; `two halves` of different objects and
 * colours put together; `blended`: half transparent over another in the same place; `blob`: an uneven patch of its colour.
 */
export async function corrupt(scene: Scene, corruption: Corruption, rng: Rng): Promise<Uint8Array> {
  switch (corruption) {
    case 'blurred': return blurred(await renderScene(scene, pixels), rng.pick([3, 5, 8, 12]));
    case 'noised': return noised(await renderScene(scene, pixels), rng.pick([25, 50, 80, 110]), rng);
    case 'wobbled': return wobbled(await renderScene(scene, pixels), rng.pick([3, 6, 10]), rng);
    case 'unsure': return unsure(await renderScene(scene, pixels), await renderScene({ ...scene, objects: [] }, pixels), rng);
    case 'half-drawn': return joined(scene, await renderScene(scene, pixels), await renderScene({ ...scene, objects: [] }, pixels), rng);
    case 'two halves': return joined(scene, await renderScene(scene, pixels), await renderScene(withAnother(scene, rng), pixels), rng);
    case 'blended': {
      const [one, other] = [await renderScene(scene, pixels), await renderScene(withAnother(scene, rng), pixels)];
      return one.map((value, i) => Math.round((value + other[i]!) / 2));
    }
    case 'blob': return blob(scene, rng);
  }
}

/** The picture softened by a Gaussian of `sigma` pixels. */
export async function blurred(rgb: Uint8Array, sigma: number): Promise<Uint8Array> {
  const data = await sharp(rgb, { raw: { width: pixels, height: pixels, channels: 3 } }).blur(sigma).raw().toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Normal noise of `deviation` levels on every value. */
function noised(rgb: Uint8Array, deviation: number, rng: Rng): Uint8Array {
  return rgb.map((value) => {
    const normal = Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next());
    return Math.max(0, Math.min(255, Math.round(value + deviation * normal)));
  });
}

/** Every pixel is fetched from elsewhere, by a sum of waves of so many pixels. */
function wobbled(rgb: Uint8Array, reach: number, rng: Rng, shortest = 20, longest = 60): Uint8Array {
  const waves = Array.from({ length: 6 }, (_, i) => ({
    across: i % 2 === 0, turn: rng.between(0, Math.PI), length: rng.between(shortest, longest), phase: rng.between(0, 2 * Math.PI),
  }));
  const shift = (x: number, y: number, across: boolean): number => waves.reduce((sum, wave) => (wave.across !== across ? sum
    : sum + (reach / 3) * Math.sin((2 * Math.PI * (x * Math.cos(wave.turn) + y * Math.sin(wave.turn))) / wave.length + wave.phase)), 0);
  const inside = (value: number): number => Math.max(0, Math.min(pixels - 1, Math.round(value)));
  const out = new Uint8Array(rgb.length);
  for (let y = 0; y < pixels; y += 1) {
    for (let x = 0; x < pixels; x += 1) {
      const from = (inside(y + shift(x, y, false)) * pixels + inside(x + shift(x, y, true))) * 3;
      out.set(rgb.subarray(from, from + 3), (y * pixels + x) * 3);
    }
  }
  return out;
}

/** What differs between a picture and the same one without its object, washed out in patches, with a ragged outline. */
async function unsure(rgb: Uint8Array, empty: Uint8Array, rng: Rng): Promise<Uint8Array> {
  const differs = (i: number): boolean => Math.abs(rgb[i]! - empty[i]!) + Math.abs(rgb[i + 1]! - empty[i + 1]!) + Math.abs(rgb[i + 2]! - empty[i + 2]!) > 30;
  const mask = Uint8Array.from(rgb, (_, i) => (differs(i - (i % 3)) ? 255 : 0));
  // Softened within the object alone: its own softness over that of its mask.
  const sigma = rng.between(3, 7);
  const inside = await blurred(rgb.map((value, i) => (mask[i] === 0 ? 0 : value)), sigma);
  const weight = await blurred(mask, sigma);
  const waves = Array.from({ length: 4 }, () => ({ turn: rng.between(0, Math.PI), length: rng.between(15, 50), phase: rng.between(0, 2 * Math.PI) }));
  const bias = rng.between(-0.5, 1);
  const washed = rgb.map((value, i) => {
    if (mask[i] === 0 || weight[i] === 0) return value;
    const [x, y] = [Math.floor(i / 3) % pixels, Math.floor(i / 3 / pixels)];
    const field = waves.reduce((sum, { turn, length, phase }) => sum + Math.sin((2 * Math.PI * (x * Math.cos(turn) + y * Math.sin(turn))) / length + phase), bias);
    const share = Math.max(0, Math.min(1, 0.5 + field));
    return Math.round(value + share * (Math.min(255, (255 * inside[i]!) / weight[i]!) - value));
  });
  return blurred(wobbled(washed, rng.between(1, 3), rng, 10, 30), rng.between(0.5, 1.2));
}

/** One picture on one side of a cut through the object's middle, another on the other. */
function joined({ objects: [object] }: Scene, one: Uint8Array, other: Uint8Array, rng: Rng): Uint8Array {
  const upright = rng.chance(0.5);
  const flipped = rng.chance(0.5);
  const middle = (upright ? object!.x : object!.y) * pixels;
  return one.map((value, i) => {
    const pixel = Math.floor(i / 3);
    const at = upright ? pixel % pixels : Math.floor(pixel / pixels);
    return (at < middle) === flipped ? other[i]! : value;
  });
}

/** The scene with an object of another kind and colour in the same place. */
function withAnother(scene: Scene, rng: Rng): Scene {
  const [object] = scene.objects as [SceneObject];
  const kind = rng.pick(kinds.filter((other) => other !== object.kind));
  const colour = rng.pick(colours.filter((other) => other !== object.colour));
  return { ...scene, objects: [{ ...object, kind, colour }] };
}

/** An outline that nothing in the world has: a circle with waves of two to five to the round. */
async function blob(scene: Scene, rng: Rng): Promise<Uint8Array> {
  const [{ x, y, radius, colour }] = scene.objects as [SceneObject];
  const waves = [2, 3, 4, 5].map((count) => ({ count, height: rng.between(0.08, 0.2), phase: rng.between(0, 2 * Math.PI) }));
  const points = Array.from({ length: 72 }, (_, i) => {
    const angle = (i * 2 * Math.PI) / 72;
    const reach = 0.7 * radius * waves.reduce((sum, { count, height, phase }) => sum + height * Math.cos(count * angle + phase), 1);
    return `${((x + reach * Math.cos(angle)) * pixels).toFixed(2)} ${((y + reach * Math.sin(angle)) * pixels).toFixed(2)}`;
  });
  const { base, line } = shades[colour];
  const path = `<path d="M${points.join('L')}Z" fill="${base}" stroke="${line}" stroke-width="2"/>`;
  const svg = sceneSvg({ ...scene, objects: [] }, pixels).replace('</svg>', `${path}</svg>`);
  const data = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
