// What the evaluator compares pictures with: every background and every coloured object, drawn once by the renderer itself.
// Knows nothing of the picture that is judged.
import sharp from 'sharp';
import { backgroundSvg, portraitSvg } from '../render.ts';
import { backgrounds, colours, kinds, type Background, type Colour, type Kind } from '../vocabulary.ts';
import { toLab, workSize, type Lab } from './lab.ts';

export interface Portrait {
  kind: Kind;
  colour: Colour;
  /** One per scale, smallest first. */
  levels: Level[];
  /** Bounding box of the drawing on its canvas, shares of the canvas from 0 to 1. */
  box: { left: number; right: number; top: number; bottom: number };
}

export interface Level {
  /** Pixels along a side. */
  size: number;
  /** Opacity, then L, a and b times it, of (size + 2)² texels: an empty border spares the sampler its bounds. */
  texels: Float32Array;
}

export interface Templates {
  /** Several drifts of each background, each as drawn and softened as a decoder may do. */
  backgrounds: Record<Background, Lab[]>;
  portraits: Portrait[];
}

/** Side in pixels of each level, and the radius whose outline it shows. */
const levels = [
  { size: 16, radius: 0.12 },
  { size: 32, radius: 0.2 },
  { size: 56, radius: 0.36 },
] as const;
const drifts = [0, 0.17, 0.33, 0.5, 0.67, 0.83, 1];
const isPlain = (name: Background): boolean => name === 'white' || name === 'gray';
/** Blur in pixels of a drawing twice the working size; 0 is none. */
const softnesses = [0, 2.5];
/** A flower's petals turn; the other kinds hardly differ from one drawing to the next. */
const portraitDrifts = (kind: Kind): readonly number[] => (kind === 'flower' ? [0.15, 0.5, 0.85] : [0.5]);

let drawn: Promise<Templates> | undefined;

/** Drawn at the first call, half a second, and kept. */
export function templates(): Promise<Templates> {
  drawn ??= drawTemplates();
  return drawn;
}

async function drawTemplates(): Promise<Templates> {
  const backs = await Promise.all(backgrounds.map(async (name) =>
    [name, await Promise.all((isPlain(name) ? [0.5] : drifts).flatMap((drift) => softnesses.map(async (softness) =>
      toLab(await pixels(backgroundSvg(name, drift, 2 * workSize), workSize, softness), 4))))] as const));
  const portraits = await Promise.all(kinds.flatMap((kind) => portraitDrifts(kind).flatMap((drift) =>
    colours.map((colour) => drawPortrait(kind, colour, drift)))));
  return { backgrounds: Object.fromEntries(backs) as Templates['backgrounds'], portraits };
}

async function drawPortrait(kind: Kind, colour: Colour, drift: number): Promise<Portrait> {
  const drawnLevels = await Promise.all(levels.map(async ({ size, radius }) => {
    const rgba = await pixels(portraitSvg(kind, colour, radius, drift, size), size);
    return { size, texels: texelsOf(rgba, size) };
  }));
  return { kind, colour, levels: drawnLevels, box: boundingBox(drawnLevels.at(-1)!) };
}

function texelsOf(rgba: Uint8Array, size: number): Float32Array {
  const lab = toLab(rgba, 4);
  const texels = new Float32Array((size + 2) ** 2 * 4);
  for (let i = 0; i < size * size; i += 1) {
    const at = ((Math.floor(i / size) + 1) * (size + 2) + (i % size) + 1) * 4;
    const alpha = rgba[i * 4 + 3]! / 255;
    texels[at] = alpha;
    for (let channel = 0; channel < 3; channel += 1) texels[at + 1 + channel] = alpha * lab[i * 3 + channel]!;
  }
  return texels;
}

/** RGBA bytes of a drawing, size·size·4. */
async function pixels(svg: string, size: number, softness = 0): Promise<Uint8Array> {
  const drawing = sharp(Buffer.from(svg));
  const data = await (softness === 0 ? drawing : drawing.blur(softness)).resize(size, size, { kernel: 'linear' }).ensureAlpha().raw().toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function boundingBox({ size, texels }: Level): Portrait['box'] {
  const box = { left: 1, right: 0, top: 1, bottom: 0 };
  for (let i = 0; i < size * size; i += 1) {
    const [x, y] = [i % size, Math.floor(i / size)];
    if (texels[((y + 1) * (size + 2) + x + 1) * 4]! < 0.5) continue;
    box.left = Math.min(box.left, x / size);
    box.right = Math.max(box.right, (x + 1) / size);
    box.top = Math.min(box.top, y / size);
    box.bottom = Math.max(box.bottom, (y + 1) / size);
  }
  return box;
}
