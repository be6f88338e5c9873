import { expect, test } from 'vitest';
import { Pace } from './distillation-pace.ts';

test('a steady pace tells rate and time left, also when it starts in the middle', () => {
  const pace = new Pace(100, 64, 40, 1000);
  expect(pace.at(41, 1500)).toEqual({ samplesPerSecond: 128, secondsLeft: 29.5 });
  expect(pace.at(43, 2500)).toEqual({ samplesPerSecond: 128, secondsLeft: 28.5 });
  expect(pace.at(100, 31_000).secondsLeft).toBe(0);
});

test('it follows a change slowly, and a clock that stands still breaks nothing', () => {
  const pace = new Pace(10, 1, 0, 0);
  pace.at(1, 1000);
  const { samplesPerSecond } = pace.at(2, 3000);
  expect(samplesPerSecond).toBeGreaterThan(0.5);
  expect(samplesPerSecond).toBeLessThan(1);
  expect(Number.isFinite(new Pace(10, 1, 0, 0).at(1, 0).samplesPerSecond)).toBe(true);
});
