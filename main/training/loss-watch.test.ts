import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LossWatch } from './loss-watch.ts';

const falling = Array.from({ length: 200 }, (_, i) => 0.02 + 0.3 * Math.exp(-i / 40) * (1 + 0.5 * Math.sin(i)));

function watched(losses: readonly number[]): LossWatch {
  const watch = new LossWatch();
  losses.forEach((loss, i) => watch.see(i + 1, loss));
  return watch;
}

test('a falling, noisy loss is healthy throughout', () => {
  const watch = new LossWatch();
  falling.forEach((loss, i) => {
    watch.see(i + 1, loss);
    expect(watch.healthy).toBe(true);
  });
});

test('one that grows is first not worth keeping, then stopped, with advice', () => {
  const watch = watched(falling);
  let step = falling.length;
  let unhealthyAt = 0;
  expect(() => {
    for (let loss = 0.03; step < 400; loss *= 1.2) {
      watch.see(++step, loss);
      if (!watch.healthy && unhealthyAt === 0) unhealthyAt = step;
    }
  }).toThrow(expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('exploded'), hint: expect.stringContaining('learning rate') }));
  expect(unhealthyAt).toBeGreaterThan(falling.length);
  expect(unhealthyAt).toBeLessThan(step);
});

test.each([NaN, Infinity, 1e9])('a loss of %d stops it at once', (loss) => {
  expect(() => watched([0.3, 0.2, loss])).toThrow('exploded');
});

test('one bad batch is no reason to stop', () => {
  expect(watched([...falling, 0.4, ...falling.slice(-5)]).healthy).toBe(true);
});

test('going on after any prefix judges as the whole run would', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0.001, max: 5, noNaN: true }), { minLength: 2, maxLength: 80 }), fc.nat(79), (losses, at) => {
    const whole = new LossWatch();
    const judged = losses.map((loss, i) => judge(whole, i + 1, loss));
    const cut = Math.min(at, losses.length - 1);
    const resumed = new LossWatch(losses.slice(0, cut));
    expect(losses.slice(cut).map((loss, i) => judge(resumed, cut + i + 1, loss))).toEqual(judged.slice(cut));
  }));
});

function judge(watch: LossWatch, step: number, loss: number): string {
  try {
    watch.see(step, loss);
    return String(watch.healthy);
  } catch {
    return 'exploded';
  }
}
