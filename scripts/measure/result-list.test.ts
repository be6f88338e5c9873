import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../main/contract/schemas.ts';
import { planCells } from '../../main/evaluation/cells.ts';
import { minutesOf, plannedResults } from './result-list.ts';

const model = (id: string, more: Partial<ModelInfo> = {}): ModelInfo => ({
  id, name: id, kind: 'teacher', guidanceKind: null, teacher: null, distilledFrom: null, distilledSteps: null, guidanceRange: null,
  width: 128, height: 128, bytes: 1, precision: 'float16', licence: '', hash: id, embedded: true, card: null, problem: null, ...more,
});
const student = (id: string, distilledFrom: ModelInfo['distilledFrom']): ModelInfo => model(id, { kind: 'student', guidanceKind: 'teefusion', teacher: 'storybook', distilledFrom, guidanceRange: [1, 9] });
const models = [model('storybook'), student('storybook-teefusion', 'euler'), student('storybook-distillcfg', 'euler'), student('storybook-teefusion-z', 'z-sampling'), student('storybook-teefusion-w2sd', 'w2sd')];

describe('the published results', () => {
  const { planned, missing } = plannedResults(models);
  const cellsOf = (name: string) => planCells(planned.find((result) => result.name === name)!.request, models).cells;

  it('hold what was promised: a thousand pairs at 3, 5 and 7, the scales of the slider, 30 steps, and every control', () => {
    expect(missing).toEqual([]);
    expect(planned.map(({ name }) => name)).toEqual(['headline', 'curves', 'teacher', 'z-sampling', 'w2sd']);
    expect(planned[0]!.request).toMatchObject({ count: 1000, guidance: [3, 5, 7], steps: 20, prompts: 'held-out' });
    expect(cellsOf('headline').filter(({ purpose }) => purpose === 'equal-passes')).toHaveLength(3);
    expect(planned[1]!.request.guidance).toEqual(expect.arrayContaining([1, 2, 4, 7, 9]));
    expect(planned[2]!.request.steps).toBe(30);
    for (const name of ['z-sampling', 'w2sd']) {
      const cells = cellsOf(name);
      expect(cells.filter(({ purpose }) => purpose === 'effective-scale').length).toBeGreaterThan(2);
      expect(cells.some(({ kind, purpose, sampler }) => kind === 'teacher' && purpose === 'equal-passes' && sampler !== 'euler')).toBe(true);
    }
  });

  it('are made with the models that are there', () => {
    const few = plannedResults([...models.slice(0, 2), { ...models[2]!, problem: 'torn' }]);
    expect(few.missing.sort()).toEqual(['storybook-distillcfg', 'storybook-teefusion-w2sd', 'storybook-teefusion-z']);
    expect(few.planned[0]!.request.models).toEqual(['storybook', 'storybook-teefusion']);
    expect(few.planned).toHaveLength(5);
    expect(plannedResults(models.slice(1)).planned.map(({ name }) => name)).toEqual([]);
  });

  it('cost more the more passes they have', () => {
    const [headline, curves] = planned.map((result) => minutesOf(result, models));
    expect(headline!.pictures).toBe(12 * 1000);
    expect(headline!.minutes).toBeGreaterThan(curves!.minutes);
  });
});
