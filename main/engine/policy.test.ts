import { describe, expect, it } from 'vitest';
import { admits, deathError, defaultLimits, isCrash, nextTask, restartDelay } from './policy.ts';

describe('restarting', () => {
  it('waits longer with every crash within a minute, then gives up', () => {
    const now = 1_000_000;
    const delays = [0, 1, 2, 3, 4].map((crashes) => restartDelay(Array.from({ length: crashes }, () => now - 1_000), now));
    expect(delays).toEqual([0, 0, 500, 2_000, null]);
  });

  it('forgets crashes after a minute', () => {
    const crashes = [0, 1, 2, 3];
    expect(restartDelay(crashes, 59_000)).toBeNull();
    expect(restartDelay(crashes, 60_003)).toBe(0);
  });

  it('does not hold against the engine that a person stopped it', () => {
    expect([null, 'timeout', 'cancelled', 'closing'].map((reason) => isCrash(reason as never))).toEqual([true, true, false, false]);
  });
});

describe('the queue', () => {
  it('has an end', () => {
    expect(admits(defaultLimits.maxQueued - 1, defaultLimits)).toBe(true);
    expect(admits(defaultLimits.maxQueued, defaultLimits)).toBe(false);
  });

  it('lets previews wait behind everything else', () => {
    const [live, warm, sample] = [{ kind: 'live' }, { kind: 'warm' }, { kind: 'sample' }];
    expect(nextTask([live, warm, sample])).toBe(warm);
    expect(nextTask([live])).toBe(live);
    expect(nextTask([])).toBeUndefined();
  });
});

describe('what is said of a death', () => {
  it('names what is known and how to go on', () => {
    expect(deathError(null, null, 'SIGKILL', '')).toMatchObject({ code: 'engine-crashed', hint: expect.stringMatching(/memory/) });
    expect(deathError(null, 3, null, ' last words\n')).toMatchObject({ code: 'engine-crashed', message: expect.stringContaining('exit code 3'), details: 'last words' });
    expect(deathError('timeout', null, 'SIGKILL', '')).toMatchObject({ code: 'timeout' });
    expect(deathError('cancelled', null, 'SIGKILL', 'noise')).toEqual({ code: 'cancelled', message: 'Stopped.' });
  });
});
