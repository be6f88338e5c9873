import { describe, expect, it } from 'vitest';
import { labelOf } from './label-boxes.ts';
import { readBoxes, readLabels } from './label-files.ts';

describe('labels from boxes', () => {
  it('are those that are committed', async () => {
    for (const set of ['independent', 'final'] as const) expect((await readBoxes(set)).map(labelOf), set).toEqual(await readLabels(set));
  });

  it('say nothing near a border', () => {
    expect(labelOf('001 ? | ball ? .3 .69 .4 .6')).toEqual({ file: '001.webp', background: null, objects: [{ kind: 'ball', colour: null, size: null, place: 'center' }], relation: null });
    // 0.3 off in both directions.
    expect(labelOf('002 sky | car red .7 .9 .7 .9').objects[0]).toMatchObject({ size: 'small', place: null });
    expect(labelOf('003 sky | car red .1 .3 .1 .3 | cup blue .5 .9 .5 .9')).toMatchObject({ relation: null, objects: [{ size: 'small' }, { size: 'medium' }] });
  });

  it.each(['sky | ball red .1 .2 .1 .2', '004 kitchen', '005 sky | bal red .1 .2 .1 .2', '006 sky | ball red .2 .1 .1 .2', '007 sky | ball red .1 .2 .1', '008 sky | ball red .1 1.2 .1 .2'])('refuse "%s"', (line) => {
    expect(() => labelOf(line)).toThrow(line.trim());
  });
});
