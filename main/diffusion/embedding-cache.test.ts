import { describe, expect, it } from 'vitest';
import { MeanEncoder } from '../../tests/fixtures/gaussian-flow.ts';
import { CachedTextEncoder } from './embedding-cache.ts';

/** Bytes of one embedding of the MeanEncoder. */
const each = 9 * 4;

describe('CachedTextEncoder', () => {
  it('encodes a prompt once', async () => {
    const encoder = new MeanEncoder();
    const cached = new CachedTextEncoder(encoder);
    expect(await cached.encode('3')).toBe(await cached.encode('3'));
    expect((await cached.encode('4')).pooled[0]).toBe(4);
    expect(encoder.encoded).toEqual(['3', '4']);
  });

  it('forgets the least recently used past its budget', async () => {
    const encoder = new MeanEncoder();
    const cached = new CachedTextEncoder(encoder, 2 * each);
    for (const prompt of ['1', '2', '1', '3', '1', '2']) await cached.encode(prompt);
    expect(encoder.encoded).toEqual(['1', '2', '3', '2']);
  });

  it('does without memory where one embedding exceeds the budget', async () => {
    const encoder = new MeanEncoder();
    const cached = new CachedTextEncoder(encoder, each - 1);
    for (const prompt of ['1', '1']) expect((await cached.encode(prompt)).pooled[0]).toBe(1);
    expect(encoder.encoded).toHaveLength(2);
  });

  it('does not remember a failure', async () => {
    let failures = 1;
    const cached = new CachedTextEncoder({
      encode: (prompt) => (failures-- > 0 ? Promise.reject(new Error('device lost')) : new MeanEncoder().encode(prompt)),
    });
    await expect(cached.encode('1')).rejects.toThrow('device lost');
    expect((await cached.encode('1')).pooled[0]).toBe(1);
  });
});
