// Draws a scene: SVG composed from the drawings, rasterised by sharp. The picture depends on the scene and the size alone.
// Knows nothing of sentences.
import sharp from 'sharp';
import { StudioError } from '../contract/errors.ts';
import { drawBackground } from './drawings/backgrounds.ts';
import { drawObject } from './drawings/objects.ts';
import { shades } from './drawings/palette.ts';
import { halfHeights } from './grammar.ts';
import { createRng, steadyRng, type Rng } from './rng.ts';
import type { Scene, SceneObject } from './scene.ts';
import type { Background, Colour, Kind } from './vocabulary.ts';

/** Units of the drawings' canvas, whatever the size in pixels. */
const canvas = 128;

/** What an object stands on, as far as its shadow goes: `horizon` is the highest y at which it can touch the ground. */
const grounds: Partial<Record<Background, { horizon: number; shadow: 'ground' | 'water' }>> = {
  white: { horizon: 0, shadow: 'ground' },
  gray: { horizon: 0, shadow: 'ground' },
  grass: { horizon: 0.63, shadow: 'ground' },
  desert: { horizon: 0.66, shadow: 'ground' },
  sea: { horizon: 0.61, shadow: 'water' },
};

/** The scene as an SVG document of `size` × `size` pixels. */
export function sceneSvg(scene: Scene, size: number): string {
  const objects = scene.objects.map((object, index) => {
    const { under, over } = contact(object, scene.background);
    return under + objectSvg(object, createRng(scene.look, index), `o${index}`, penAt(object.radius)) + over;
  });
  return document(size, drawBackground(scene.background, createRng(scene.look, 9)) + shadowGradient + objects.join(''));
}

/** A background without objects; `drift` in [0, 1] runs through its small differences. */
export function backgroundSvg(background: Background, drift: number, size: number): string {
  return document(size, drawBackground(background, steadyRng(drift)));
}

/** Half the side of a portrait's canvas, the object's radius being 1. */
export const portraitMargin = 1.12;

/**
 * An object alone on a transparent canvas that it fills, with the outline it has when drawn at `radius`; `drift` in [0, 1)
 * runs through its small differences.
 */
export function portraitSvg(kind: Kind, colour: Colour, radius: number, drift: number, size: number): string {
  const object = { kind, colour, size: 'medium' as const, x: 0.5, y: 0.5, radius: 0.5 / portraitMargin };
  return document(size, objectSvg(object, steadyRng(drift), 'o', penAt(radius)));
}

function document(size: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${canvas} ${canvas}">${content}</svg>`;
}

/** Outline width as a share of the radius: small objects get a relatively thicker one. */
function penAt(radius: number): number {
  return 0.035 + 0.9 / (radius * canvas);
}

/** An object in its place, with a gradient of its own from the upper left to the lower right. */
function objectSvg(object: SceneObject, rng: Rng, id: string, pen: number): string {
  const paint = shades[object.colour];
  const scale = object.radius * canvas;
  const tilt = rng.between(-3, 3);
  const light = rng.between(-0.06, 0.06);
  return `<radialGradient id="${id}" gradientUnits="userSpaceOnUse" cx="${(-0.35 + light).toFixed(2)}" cy="-.45" r="1.75">`
    + `<stop stop-color="${paint.light}"/><stop offset=".42" stop-color="${paint.base}"/><stop offset="1" stop-color="${paint.dark}"/></radialGradient>`
    + `<g transform="translate(${(object.x * canvas).toFixed(2)} ${(object.y * canvas).toFixed(2)}) rotate(${tilt.toFixed(1)}) scale(${scale.toFixed(2)})"`
    + ` fill="url(#${id})" stroke="${paint.line}" stroke-width="${pen.toFixed(3)}" stroke-linejoin="round" stroke-linecap="round">`
    + `${drawObject(object.kind, { ...paint, colour: object.colour, fill: `url(#${id})`, pen, rng })}</g>`;
}

const shadowGradient = `<radialGradient id="shadow"><stop stop-color="#2a2038" stop-opacity=".42"/><stop offset=".55" stop-color="#2a2038" stop-opacity=".2"/><stop offset="1" stop-color="#2a2038" stop-opacity="0"/></radialGradient>`;

/** A soft shadow under what stands on the ground, a wave before what floats on water. */
function contact(object: SceneObject, background: Background): { under: string; over: string } {
  const ground = grounds[background];
  const base = object.y + object.radius * halfHeights[object.kind];
  if (ground === undefined || base < ground.horizon) return { under: '', over: '' };
  const [x, y, r] = [object.x * canvas, base * canvas, object.radius * canvas];
  if (ground.shadow === 'ground') {
    return { under: `<ellipse cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" rx="${(r * 0.95).toFixed(1)}" ry="${(r * 0.16).toFixed(1)}" fill="url(#shadow)"/>`, over: '' };
  }
  const [left, width, step] = [(x - r * 1.05).toFixed(1), r * 2.1, (r * 2.1) / 6];
  const wave = `m0 0q${(step / 2).toFixed(2)} ${(-step * 0.45).toFixed(2)} ${step.toFixed(2)} 0${`t${step.toFixed(2)} 0`.repeat(5)}`;
  return {
    under: `<ellipse cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" rx="${(r * 1.05).toFixed(1)}" ry="${(r * 0.2).toFixed(1)}" fill="#17688f" opacity=".4"/>`,
    over: `<path d="M${left} ${(y - r * 0.06).toFixed(1)}${wave}l${(-step).toFixed(1)} ${(r * 0.2).toFixed(1)}h${(-width + 2 * step).toFixed(1)}Z" fill="#3ba3c9"/>`
      + `<path d="M${left} ${(y - r * 0.06).toFixed(1)}${wave}" fill="none" stroke="#e6f9fd" stroke-width="1.5" stroke-linecap="round"/>`,
  };
}

/**
 * Pixels of a scene: RGB bytes, size·size·3, rows from the top.
 * @throws StudioError `invalid-input` when the size is no integer from 8 to 2048.
 */
export async function renderScene(scene: Scene, size = canvas): Promise<Uint8Array> {
  if (!Number.isInteger(size) || size < 8 || size > 2048) {
    throw new StudioError('invalid-input', `A scene cannot be drawn ${size} pixels wide.`, { hint: 'Choose an integer from 8 to 2048.' });
  }
  const data = await sharp(Buffer.from(sceneSvg(scene, size))).removeAlpha().raw().toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
