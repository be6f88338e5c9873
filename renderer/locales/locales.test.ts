import { describe, expect, it } from 'vitest';
import { createTexts, locales } from './index.ts';

type Texts = { [key: string]: string | Texts };

function flatten(texts: Texts, path = ''): [path: string, text: string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value]] : flatten(value, `${path}${key}.`),
  );
}

const placeholders = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/gu)].map((match) => match[1]))].sort();
const english = new Map(flatten(locales.en.messages));

// That no text is missing is the type checker's business; what it cannot see is tested here.
describe.each(Object.entries(locales))('the locale %s', (name, { messages }) => {
  const texts = flatten(messages);

  it('has the same texts as English, none of them empty', () => {
    expect(texts.map(([path]) => path).sort()).toEqual([...english.keys()].sort());
    for (const [path, text] of texts) expect(text.trim(), path).not.toBe('');
  });

  it('uses the same placeholders and plural forms as English', () => {
    for (const [path, text] of texts) {
      expect(placeholders(text), path).toEqual(placeholders(english.get(path) ?? ''));
      expect(text.split('|').length, path).toBe(english.get(path)?.split('|').length);
    }
  });

  it('can be shown: every text compiles and fills its placeholders', () => {
    const { t } = createTexts(name as keyof typeof locales).global;
    for (const [path, text] of texts) {
      const values = Object.fromEntries(placeholders(text).map((key) => [key ?? '', '7']));
      expect(t(path, values), path).not.toMatch(/[{}]/u);
    }
  });
});
