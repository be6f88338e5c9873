import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turns } from './evaluation-turns.ts';
import { StudioEvents } from './events.ts';
import { WorkQueue } from './work-queue.ts';

function setUp() {
  const work = new WorkQueue(() => {});
  const events = new StudioEvents(() => {});
  const turns = new Turns({ work, events });
  const state = async (turn: Promise<void>) => Promise.race([turn.then(() => 'its turn'), sleep(30).then(() => 'waits')]);
  return { work, events, turns, state };
}

it('has its turn at once when nothing is wanted', async () => {
  const { turns, state } = setUp();
  expect(await state(turns.quiet(new AbortController().signal))).toBe('its turn');
});

it('waits for everything that works or waits, also for what comes meanwhile', async () => {
  const { work, turns, state } = setUp();
  const ends: (() => void)[] = [];
  const piece = () => void work.add(() => new Promise<void>((resolve) => ends.push(resolve)));
  piece();
  const turn = turns.quiet(new AbortController().signal);
  piece();
  expect(await state(turn)).toBe('waits');
  ends[0]!();
  expect(await state(turn)).toBe('waits');
  ends[1]!();
  expect(await state(turn)).toBe('its turn');
});

it('waits while a slider is moved', async () => {
  const { events, turns, state } = setUp();
  events.emit('live.frame', { ticket: 1, guidance: 3, steps: 4, ms: 1, nfe: 4, picture: { width: 1, height: 1, rgb: '' } });
  const turn = turns.quiet(new AbortController().signal);
  expect(await state(turn)).toBe('waits');
  await turn;
});

it('ends at once when it is stopped', async () => {
  const { work, turns } = setUp();
  void work.add(() => new Promise(() => {}));
  const abort = new AbortController();
  const turn = turns.quiet(abort.signal);
  abort.abort();
  await expect(turn).rejects.toMatchObject({ code: 'cancelled' });
  await expect(turns.quiet(abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
});
