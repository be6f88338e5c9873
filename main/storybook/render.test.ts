import { describe, expect, it } from 'vitest';
import { describeSample } from './dataset.ts';
import { renderScene, sceneSvg } from './render.ts';
import type { Scene } from './scene.ts';
import { backgrounds, colours, kinds } from './vocabulary.ts';

const scene = (over: Partial<Scene> & Partial<Scene['objects'][number]>): Scene => ({
  background: over.background ?? 'white', relation: null, look: over.look ?? 1,
  objects: [{ kind: over.kind ?? 'ball', colour: over.colour ?? 'red', size: 'medium', x: 0.5, y: 0.5, radius: over.radius ?? 0.28 }],
});

function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

describe('renderScene', () => {
  it('draws the same pixels again, and others for another look', async () => {
    const { scene: drawn } = describeSample(4, 2, 'two');
    const first = await renderScene(drawn);
    expect(first.length).toBe(128 * 128 * 3);
    expect(await renderScene(drawn)).toEqual(first);
    expect(difference(await renderScene({ ...drawn, look: drawn.look ^ 1 }), first)).toBeGreaterThan(0.01);
  });

  it('draws the same scene at any size', async () => {
    const { scene: drawn } = describeSample(4, 3, 'one');
    const [small, large] = [await renderScene(drawn, 64), await renderScene(drawn, 128)];
    const shrunk = small.map((_, i) => {
      const [pixel, c] = [Math.floor(i / 3), i % 3];
      const at = (dx: number, dy: number): number => large[((2 * Math.floor(pixel / 64) + dy) * 128 + 2 * (pixel % 64) + dx) * 3 + c]!;
      return (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4;
    });
    expect(difference(shrunk, small)).toBeLessThan(3);
  });

  it.each(kinds)('lets the colour dominate a %s', async (kind) => {
    const [red, blue] = [await renderScene(scene({ kind, colour: 'red' })), await renderScene(scene({ kind, colour: 'blue' }))];
    const empty = await renderScene({ ...scene({ background: 'white' }), objects: [] });
    const apart = (a: Uint8Array, b: Uint8Array, p: number): boolean => Math.hypot(a[p]! - b[p]!, a[p + 1]! - b[p + 1]!, a[p + 2]! - b[p + 2]!) > 60;
    let [drawn, coloured] = [0, 0];
    for (let p = 0; p < red.length; p += 3) {
      if (apart(red, empty, p) || apart(blue, empty, p)) drawn += 1;
      if (apart(red, blue, p)) coloured += 1;
    }
    expect(coloured / drawn).toBeGreaterThan(0.6);
  });

  it('keeps objects of every colour visible before every background', async () => {
    for (const background of backgrounds) {
      const empty = await renderScene({ ...scene({ background }), objects: [] });
      for (const colour of colours) {
        const rgb = await renderScene(scene({ background, colour, kind: 'star' }));
        let seen = 0;
        for (let p = 0; p < rgb.length; p += 3) if (Math.hypot(rgb[p]! - empty[p]!, rgb[p + 1]! - empty[p + 1]!, rgb[p + 2]! - empty[p + 2]!) > 40) seen += 1;
        expect(seen, `${colour} ${background}`).toBeGreaterThan(250);
      }
    }
  });

  it('refuses sizes that are none', async () => {
    for (const size of [0, 12.5, NaN, 5000]) await expect(renderScene(scene({}), size)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('sceneSvg', () => {
  it('stays light', () => {
    for (let index = 0; index < 50; index += 1) expect(sceneSvg(describeSample(8, index, 'two').scene, 128).length).toBeLessThan(9000);
  });
});
