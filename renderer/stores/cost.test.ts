import { describe, expect, it } from 'vitest';
import type { Pair } from './comparison-state.ts';
import { costsOf } from './cost.ts';
import type { ImageRecord } from '../../main/contract/schemas.ts';

const idle = { step: 0, nfe: 0, elapsedMs: 0, remainingMs: null, preview: null, image: null };
const done = (nfe: number, ms: number, steps = 20) => ({ step: steps, nfe, elapsedMs: ms, remainingMs: null, preview: null, image: { steps } as ImageRecord });

describe('costs', () => {
  it('are nothing before a run', () => {
    expect(costsOf(null, 0)).toMatchObject({ teacher: { passes: 0, ms: 0 }, speedup: null });
  });

  it('scale the bars by what the teacher is going to cost', () => {
    const pair: Pair = { teacher: { ...idle, step: 5, nfe: 10, elapsedMs: 500, remainingMs: 1500 }, student: idle };
    expect(costsOf(pair, 20)).toMatchObject({ teacher: { passes: 10, ms: 500 }, scale: { passes: 40, ms: 2000 }, speedup: null });
  });

  it('tell a speed-up only when both are done', () => {
    expect(costsOf({ teacher: done(40, 2100), student: idle }, 20).speedup).toBeNull();
    expect(costsOf({ teacher: done(40, 2100), student: done(20, 1000) }, 20).speedup).toBeCloseTo(2.1);
  });

  it('tell no speed-up between different numbers of steps', () => {
    expect(costsOf({ teacher: done(40, 2100), student: done(10, 500, 10) }, 20).speedup).toBeNull();
  });
});
