// The list of ablations: each a legal request of its own, and points computed no more often than needed.
import { expect, test } from 'vitest';
import { ablations, pointsName, requestOf } from './ablation-list.ts';

const size = { teacher: 'storybook', samples: 30_000, batch: 64, points: 8192, threads: 0 };

test('all differ, and share two sets of teaching points', () => {
  const requests = ablations.map((ablation) => requestOf(ablation, size));
  expect(new Set(requests.map(({ name }) => name)).size).toBe(ablations.length);
  expect(new Set(requests.map(({ name: _, ...rest }) => JSON.stringify(rest))).size).toBe(ablations.length);
  expect(new Set(requests.map((request) => pointsName(request, 'a'))).size).toBe(2);
  expect(pointsName(requests[0]!, 'a')).not.toBe(pointsName(requests[0]!, 'b'));
  expect(requests.every(({ steps, strategy }) => steps === 469 && strategy === 'euler')).toBe(true);
});
