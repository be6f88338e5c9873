import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clamp, nudge, parseNumber, snap, ticksOf } from './number-input.ts';

const guidance = { min: 0, max: 30, step: 0.1, initial: 5 };

describe('a number field', () => {
  it('nudges without the dust of binary fractions and stays in range', () => {
    expect(nudge(0.2, guidance, 1)).toBe(0.3);
    expect(nudge(5, guidance, -10)).toBe(4);
    expect(nudge(0, guidance, -1)).toBe(0);
    fc.assert(fc.property(fc.double({ min: 0, max: 30, noNaN: true }), fc.integer({ min: -20, max: 20 }), (value, ticks) => {
      const next = nudge(value, guidance, ticks);
      expect(next).toBe(clamp(next, guidance));
      expect(String(next)).toMatch(/^\d+(\.\d)?$/u);
    }));
  });

  it('snaps seeds to whole numbers', () => {
    expect(snap(7.6, { min: 0, max: 4294967295, step: 1, initial: 7 })).toBe(8);
  });

  it('stops at an end that lies between two steps', () => {
    expect(nudge(0.0001, { min: 0.000001, max: 1, step: 0.0001, initial: 0.0005 }, -1)).toBe(0.000001);
    expect(nudge(1, { min: 0.1, max: 1000, step: 1, initial: 16 }, -1)).toBe(0.1);
    expect(nudge(0.999, { min: 0, max: 0.99999, step: 0.01, initial: 0.99 }, 1)).toBe(0.99999);
  });

  it('reads points and commas, and refuses what is no number', () => {
    expect(parseNumber(' 2.5 ')).toBe(2.5);
    expect(parseNumber('2,5')).toBe(2.5);
    expect(parseNumber('-1')).toBe(-1);
    expect(parseNumber('1e3')).toBe(1000);
    for (const text of ['', ' ', 'x', '1.2.3', '1 000', 'Infinity', 'NaN', '0x10', '1e999']) expect(parseNumber(text)).toBeNull();
  });

  it('takes ten steps with Shift, by keys and by wheel', () => {
    expect(ticksOf({ key: 'ArrowUp', shiftKey: false })).toBe(1);
    expect(ticksOf({ key: 'ArrowLeft', shiftKey: true })).toBe(-10);
    expect(ticksOf({ key: 'a', shiftKey: true })).toBe(0);
    expect(ticksOf({ deltaY: -53, shiftKey: false })).toBe(1);
    expect(ticksOf({ deltaY: 0, deltaX: 53, shiftKey: true })).toBe(-10);
  });
});
