import { describe, expect, it } from 'vitest';
import { readCard } from './card.ts';

describe('a model card', () => {
  it('is read into blocks', () => {
    const card = '---\nlicense: apache-2.0\n---\n# Name\n\nA **small**\nmodel, see [paper](2507.18192).\n\n- one\n- two\n  lines\n\n| a | b |\n|---|---|\n| 1 | `x` |\n\n```\n# not a heading\n```\n';
    expect(readCard(card)).toEqual([
      { kind: 'heading', level: 1, text: 'Name' },
      { kind: 'paragraph', text: 'A small model, see paper (2507.18192).' },
      { kind: 'list', items: ['one', 'two lines'] },
      { kind: 'table', rows: [['a', 'b'], ['1', 'x']] },
      { kind: 'code', text: '# not a heading' },
    ]);
  });

  it('keeps markup that it does not know as text, and ends with an open code block', () => {
    expect(readCard('<script>alert(1)</script>')).toEqual([{ kind: 'paragraph', text: '<script>alert(1)</script>' }]);
    expect(readCard('```\nopen')).toEqual([{ kind: 'code', text: 'open' }]);
    expect(readCard('')).toEqual([]);
  });
});
