import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sceneSvg } from '../render.ts';
import type { Scene } from '../scene.ts';
import { isNamed, look } from './look.ts';

const scene: Scene = {
  background: 'white', relation: null, look: 7,
  objects: [{ kind: 'star', colour: 'blue', size: 'medium', x: 0.76, y: 0.5, radius: 0.17 }],
};

/** A patch that resembles nothing of the world, in a box from 0 to 100. */
const lump = (colour: string, place = ''): string => `<path transform="${place}" d="M8 30Q30 8 50 34T44 70Q60 92 34 96T6 80Q26 60 8 30Z" fill="${colour}"/>`;

async function sightings(objects: Scene['objects'], more: string) {
  const svg = sceneSvg({ ...scene, objects }, 128).replace('</svg>', `${more}</svg>`);
  return (await look(new Uint8Array(await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer()), 128)).sightings;
}

// Seconds on a free machine; the limit is for one that trains meanwhile.
describe('look', { timeout: 120_000 }, () => {
  it('looks on after something that cannot be named', async () => {
    // The lump is the larger of the two and looked at first.
    const seen = await sightings(scene.objects, lump('#b7452c'));
    expect(seen.map(isNamed)).toEqual([false, true]);
    expect(seen[1]!.match.portrait).toMatchObject({ kind: 'star', colour: 'blue' });
  });

  it('makes nothing of the rest of what cannot be named', async () => {
    const seen = await sightings(scene.objects, lump('#2a62d6'));
    expect(seen.filter(isNamed).map(({ match: { portrait } }) => portrait.kind)).toEqual(['star']);
  });

  it('gives up after two things that cannot be named', async () => {
    const crowd = [[2, 4], [70, 8], [30, 72]].map(([x, y]) => lump('#b7452c', `translate(${x} ${y}) scale(.5)`)).join('');
    expect((await sightings([], crowd)).map(isNamed)).toEqual([false, false]);
  });
});
