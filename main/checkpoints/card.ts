// A model's card: README.md with front matter, as model hubs use it. Only the licence and the title are understood.
import { join } from 'node:path';
import { exists } from './component.ts';
import { realPathWithin } from './confine.ts';
import { readText } from './json.ts';

export interface ModelCard {
  /** Markdown without the front matter. */
  text: string;
  /** The first heading. */
  title: string | null;
  licence: string | null;
}

const maxCardBytes = 2 ** 20;

/** The card of the model in `dir` (a real path), null when there is none. Throws StudioError when it cannot be read. */
export async function readCard(dir: string): Promise<ModelCard | null> {
  const path = join(dir, 'README.md');
  if (!(await exists(path))) return null;
  return parseCard(await readText(await realPathWithin(path, [dir]), maxCardBytes));
}

export function parseCard(source: string): ModelCard {
  const lines = source.replace(/^\ufeff/, '').split(/\r?\n/);
  const end = lines[0]?.trimEnd() === '---' ? lines.findIndex((line, i) => i > 0 && line.trimEnd() === '---') : -1;
  const text = lines.slice(end + 1).join('\n').trim();
  const heading = /^#[ \t]+(.+?)[ \t#]*$/m.exec(text)?.[1];
  return { text, title: heading ?? null, licence: end > 0 ? scalar(lines.slice(1, end), 'license') : null };
}

/** The value of a plain or quoted top-level YAML scalar. */
function scalar(lines: readonly string[], key: string): string | null {
  for (const line of lines) {
    if (!line.startsWith(`${key}:`)) continue;
    const value = line.slice(key.length + 1).replace(/\s#.*$/, '').trim();
    const quoted = /^(["'])(.*)\1$/.exec(value);
    const plain = quoted ? quoted[2]! : value;
    return plain === '' ? null : plain;
  }
  return null;
}
