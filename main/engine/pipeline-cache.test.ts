import { expect, it } from 'vitest';
import { PipelineCache } from './pipeline-cache.ts';

function cacheOf(capacity: number) {
  const events: string[] = [];
  const cache = new PipelineCache(capacity, async ({ id, hash }) => {
    if (hash === 'broken') throw new Error('cannot be opened');
    events.push(`open ${id}${hash}`);
    return { id, close: async () => void events.push(`close ${id}${hash}`) };
  });
  return { cache, events, get: (id: string, hash = '1') => cache.get({ id, hash }) };
}

it('keeps what is in use and closes the least recently used before it opens another', async () => {
  const { events, get } = cacheOf(2);
  const a = await get('a');
  await get('b');
  expect(await get('a')).toBe(a);
  await get('c');
  expect(events).toEqual(['open a1', 'open b1', 'close b1', 'open c1']);
});

it('opens a model anew when its files have changed', async () => {
  const { events, get } = cacheOf(2);
  await get('a', '1');
  await get('a', '2');
  expect(events).toEqual(['open a1', 'close a1', 'open a2']);
});

it('keeps nothing of a model that cannot be opened', async () => {
  const { cache, events, get } = cacheOf(1);
  await expect(get('a', 'broken')).rejects.toThrow('cannot be opened');
  await get('a');
  await cache.clear();
  expect(events).toEqual(['open a1', 'close a1']);
});
