import { describe, expect, it } from 'vitest';
import { compareFacts, isFactsFile, readFacts, writeFacts, type FactsHead } from './facts.ts';
import { exampleInput } from './testing/example.ts';

const head: FactsHead = { version: 1, models: { story: 'a', fast: 'b' }, reflection: {}, device: 'cpu', threads: 2, runtime: '1.30' };
const { records, cells } = exampleInput({ request: { count: 6 } });
const facts = ({ cell, index, prompt, seed, facts: known }: (typeof records)[number]) => ({ cell, index, prompt, seed, facts: known });

describe('published facts', () => {
  const text = writeFacts(head, [...records].reverse());

  it('are a line for each prompt, and read back what was written, in whatever order it came', () => {
    expect(text.trim().split('\n')).toHaveLength(1 + 6);
    expect(text).toBe(writeFacts(head, records));
    expect(isFactsFile(text)).toBe(true);
    const read = readFacts(text);
    expect(read.head).toEqual(head);
    const byKey = (a: { cell: string; index: number }, b: { cell: string; index: number }) => a.index - b.index || (a.cell < b.cell ? -1 : 1);
    expect([...read.pictures].sort(byKey)).toEqual(records.map(facts).sort(byKey));
  });

  it('are reproduced by the same pictures', () => {
    expect(compareFacts(records, readFacts(text).pictures)).toEqual({
      compared: 6 * cells.length, unpublished: 0, facts: 3 * 6 * cells.length, reproduced: 3 * 6 * cells.length, differences: [],
    });
  });

  it('tell of every fact that differs, and of pictures that were not published', () => {
    const changed = records.map((record) => (record.index === 1 && record.cell === cells[0]!.key ? { ...record, facts: { background: false, kind: true } } : record));
    const few = readFacts(text).pictures.filter(({ index }) => index < 2);
    expect(compareFacts(changed, few)).toEqual({
      compared: 2 * cells.length, unpublished: 4 * cells.length, facts: 6 * cells.length, reproduced: 6 * cells.length - 2,
      differences: [`${cells[0]!.key} #1: background is wrong, published as right; count is not judged, published as right`],
    });
  });

  it('do not count for another prompt or another noise', () => {
    const [first] = records;
    expect(compareFacts([{ ...first!, seed: 5 }], [first!])).toMatchObject({ compared: 1, facts: 3, reproduced: 0, differences: [expect.stringContaining('with seed 5; published is')] });
  });

  it('leave out prompts that cannot be read', () => {
    expect(readFacts(writeFacts(head, [{ ...records[0]!, facts: null }])).pictures).toEqual([]);
  });

  it('are not made of pictures that contradict each other', () => {
    expect(() => writeFacts(head, [records[0]!, { ...records[0]!, facts: { background: false, kind: true, count: true } }])).toThrow('contradict');
    expect(() => writeFacts(head, [records[0]!, { ...records[1]!, seed: 1, index: 0 }])).toThrow('contradict');
    expect(() => writeFacts(head, [records[0]!, records[0]!])).not.toThrow();
  });

  it.each([
    ['', 1], ['{"version":2}\n', 1], [`${JSON.stringify(head)}\n{"index":0}\n`, 2], [`${JSON.stringify(head)}\n\nnonsense\n`, 3],
    [`${JSON.stringify(head)}\n{"index":0,"prompt":"a","seed":1,"stated":["mood"],"wrong":{}}\n`, 2],
  ])('name the line that is none of theirs: %j', (broken, line) => {
    expect(() => readFacts(broken)).toThrow(expect.objectContaining({ code: 'corrupt-file', message: expect.stringContaining(`Line ${line} `) }));
  });

  it('are told from the records of an export', () => {
    expect(isFactsFile(records.map((record) => `${JSON.stringify(record)}\n`).join(''))).toBe(false);
    expect(isFactsFile('')).toBe(false);
  });
});
