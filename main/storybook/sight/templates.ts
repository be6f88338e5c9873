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
  lab: Lab;
  /** Opacity in [0, 1], a value per pixel. */
  alpha: Float32Array;
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
    [name, await Promise.all(drifts.flatMap((drift) => softnesses.map(async (softness) =>
      toLab(await pixels(backgroundSvg(name, drift, 2 * workSize), workSize, softness), 4))))] as const));
  const portraits = await Promise.all(kinds.flatMap((kind) => portraitDrifts(kind).flatMap((drift) =>
    colours.map((colour) => drawPortrait(kind, colour, drift)))));
  return { backgrounds: Object.fromEntries(backs) as Templates['backgrounds'], portraits };
}

async function drawPortrait(kind: Kind, colour: Colour, drift: number): Promise<Portrait> {
  const drawnLevels = await Promise.all(levels.map(async ({ size, radius }) => {
    const rgba = await pixels(portraitSvg(kind, colour, radius, drift, size), size);
    return { size, lab: toLab(rgba, 4), alpha: Float32Array.from({ length: size * size }, (_, i) => rgba[i * 4 + 3]! / 255) };
  }));
  return { kind, colour, levels: drawnLevels, box: boundingBox(drawnLevels.at(-1)!) };
}

/** RGBA bytes of a drawing, size·size·4. */
async function pixels(svg: string, size: number, softness = 0): Promise<Uint8Array> {
  const drawing = sharp(Buffer.from(svg));
  const data = await (softness === 0 ? drawing : drawing.blur(softness)).resize(size, size, { kernel: 'linear' }).ensureAlpha().raw().toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function boundingBox({ size, alpha }: Level): Portrait['box'] {
  const box = { left: 1, right: 0, top: 1, bottom: 0 };
  alpha.forEach((opacity, i) => {
    if (opacity < 0.5) return;
    const [x, y] = [i % size, Math.floor(i / size)];
    box.left = Math.min(box.left, x / size);
    box.right = Math.max(box.right, (x + 1) / size);
    box.top = Math.min(box.top, y / size);
    box.bottom = Math.max(box.bottom, (y + 1) / size);
  });
  return box;
}
