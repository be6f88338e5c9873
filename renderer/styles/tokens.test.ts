import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

function tokensOf(theme: string): Map<string, string> {
  const block = new RegExp(`data-theme='${theme}'\\] \\{([^}]*)\\}`, 'u').exec(css)?.[1] ?? '';
  return new Map([...block.matchAll(/--([\w-]+):\s*([^;]+);/gu)].map((match) => [match[1] ?? '', match[2] ?? '']));
}

/** Relative luminance as WCAG 2 defines it, of #rrggbb. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ['canvas', 'surface', 'field', 'overlay'];
const pairs: [text: string, ground: string][] = [
  ...['text', 'text-muted', 'text-faint', 'accent', 'warning', 'danger', 'good'].flatMap((text) => grounds.map((ground): [string, string] => [text, ground])),
  ['accent-text', 'accent-strong'], ['accent-text', 'accent-strong-hover'], ['accent', 'accent-wash'], ['text', 'accent-wash'],
  ['text-muted', 'accent-wash'], ['warning', 'warning-wash'], ['danger', 'danger-wash'], ['text', 'danger-wash'], ['text-muted', 'danger-wash'],
  ['text', 'pressed'], ['text-muted', 'picture-well'],
];
/** Bars and marks that carry meaning need 3 : 1. */
const graphics: [string, string][] = [['teacher', 'surface'], ['student', 'surface'], ['accent', 'canvas'], ...[1, 2, 3, 4, 5, 6].map((n): [string, string] => [`series-${n}`, 'surface'])];

describe.each(['dark', 'light'])('the %s theme', (theme) => {
  const tokens = tokensOf(theme);
  const colour = (name: string) => {
    const value = tokens.get(name);
    if (value === undefined || !/^#[\da-f]{6}$/u.test(value)) throw new Error(`--${name} is no plain colour: ${value}`);
    return value;
  };

  it.each(pairs)('shows %s on %s at WCAG AA', (text, ground) => {
    expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(graphics)('shows %s on %s at 3 : 1', (mark, ground) => {
    expect(contrast(colour(mark), colour(ground))).toBeGreaterThanOrEqual(3);
  });

  it('names the same tokens as the other theme', () => {
    expect([...tokens.keys()]).toEqual([...tokensOf(theme === 'dark' ? 'light' : 'dark').keys()]);
  });
});
