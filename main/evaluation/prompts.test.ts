import { describe, expect, it } from 'vitest';
import { parsePrompts, listPrompts } from './prompts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the published lists', () => {
  it.each(['held-out', 'known'] as const)('%s: one object and two in turn, and a short list begins a long one', (prompts) => {
    const long = listPrompts({ prompts, count: 21 });
    expect(long).toHaveLength(21);
    expect(long.map(({ facts }) => facts!.objects.length)).toEqual(long.map((_, i) => 1 + (i % 2)));
    expect(listPrompts({ prompts, count: 8 })).toEqual(long.slice(0, 8));
    expect(listPrompts({ prompts, count: 1 })).toEqual(long.slice(0, 1));
  });

  it('share no prompt', () => {
    const known = new Set(listPrompts({ prompts: 'known', count: 40 }).map(({ prompt }) => prompt));
    expect(listPrompts({ prompts: 'held-out', count: 40 }).filter(({ prompt }) => known.has(prompt))).toEqual([]);
  });

});

it('reads what the words of a free prompt state, and nothing from others', () => {
  const [ball, nebula] = listPrompts({ prompts: [{ prompt: 'a red ball on the left', seed: 3 }, { prompt: 'a nebula', seed: 4 }, { prompt: 'c', seed: 5 }], count: 2 });
  expect(ball).toEqual({
    prompt: 'a red ball on the left', seed: 3,
    facts: { background: null, objects: [{ kind: 'ball', colour: 'red', size: null, place: 'left' }], relation: null },
  });
  expect(nebula).toEqual({ prompt: 'a nebula', seed: 4, facts: null });
});

describe('a file of prompts', () => {
  it('is text with a prompt in each line, seeded by its number', () => {
    expect(parsePrompts(bytes('\uFEFFa red ball\r\n\n  zwei Bälle  \n'))).toEqual([{ prompt: 'a red ball', seed: 1000 }, { prompt: 'zwei Bälle', seed: 1002 }]);
  });

  it('is JSON Lines when it begins with a brace', () => {
    expect(parsePrompts(bytes('\n{"prompt": "a {cup}", "seed": 0}\n{"prompt": "b"}'))).toEqual([{ prompt: 'a {cup}', seed: 0 }, { prompt: 'b', seed: 1002 }]);
  });

  it.each([
    ['{"prompt": "a"}\n{"prompt": ', 'Line 2 of the prompts: this is not JSON.'],
    ['{"prompt": "a"}\n\na red ball', 'Line 3 of the prompts: this is not JSON.'],
    ['{"prompt": "a", "seed": -1}', 'Line 1 of the prompts: seed'],
    ['{"prompt": "a", "seed": 1.5}', 'Line 1 of the prompts: seed'],
    ['{"prompt": "a", "sed": 1}', 'Line 1 of the prompts: '],
    ['{"prompt": ""}', 'Line 1 of the prompts: prompt'],
    ['{"seed": 3}', 'Line 1 of the prompts: prompt'],
    [`a\n${'b'.repeat(2001)}`, 'Line 2 of the prompts: the prompt is longer than 2000 characters.'],
    ['\n \r\n', 'The file holds no prompt.'],
    ['a\n'.repeat(20_001), 'The file holds 20001 prompts'],
  ])('names what is wrong with %j', (text, message) => {
    expect(() => parsePrompts(bytes(text))).toThrow(expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining(message) }));
  });

  it('refuses what is no text', () => {
    expect(() => parsePrompts(Uint8Array.of(0xff, 0xfe, 0x00))).toThrow('not UTF-8');
  });
});
