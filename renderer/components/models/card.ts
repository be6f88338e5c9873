// Reads the Markdown of a model card into blocks that a template can show without ever making HTML from text.
// Headings, lists, tables, code and paragraphs are what model cards use; anything else stays a paragraph.

export type Block =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'table'; rows: string[][] }
  | { kind: 'code'; text: string };

export function readCard(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = withoutFrontMatter(markdown.replaceAll('\r\n', '\n')).split('\n');
  for (let at = 0; at < lines.length; ) {
    const taken = takeBlock(lines, at);
    if (taken.block !== null) blocks.push(taken.block);
    at = taken.next;
  }
  return blocks;
}

function takeBlock(lines: readonly string[], at: number): { block: Block | null; next: number } {
  const line = lines[at] ?? '';
  if (line.trim() === '') return { block: null, next: at + 1 };
  const heading = /^(#{1,6})\s+(.*)$/u.exec(line);
  if (heading !== null) return { block: { kind: 'heading', level: heading[1]?.length ?? 1, text: plain(heading[2] ?? '') }, next: at + 1 };
  if (line.startsWith('```')) {
    const end = findFrom(lines, at + 1, (other) => other.startsWith('```'));
    return { block: { kind: 'code', text: lines.slice(at + 1, end).join('\n') }, next: end + 1 };
  }
  if (isItem(line)) {
    const end = findFrom(lines, at, (other) => !isItem(other) && !/^\s+\S/u.test(other));
    return { block: { kind: 'list', items: joinItems(lines.slice(at, end)) }, next: end };
  }
  if (line.startsWith('|')) {
    const end = findFrom(lines, at, (other) => !other.startsWith('|'));
    const rows = lines.slice(at, end).filter((row) => !/^\|[\s|:-]+\|?\s*$/u.test(row));
    return { block: { kind: 'table', rows: rows.map(cells) }, next: end };
  }
  const end = findFrom(lines, at + 1, (other) => other.trim() === '' || /^(#{1,6}\s|```|\|)/u.test(other) || isItem(other));
  return { block: { kind: 'paragraph', text: plain(lines.slice(at, end).join(' ')) }, next: end };
}

/** The YAML head that model hubs put before a card. */
function withoutFrontMatter(markdown: string): string {
  return markdown.replace(/^---\n[\s\S]*?\n---\n/u, '');
}

function findFrom(lines: readonly string[], from: number, ends: (line: string) => boolean): number {
  const found = lines.findIndex((line, at) => at >= from && ends(line));
  return found < 0 ? lines.length : found;
}

function isItem(line: string): boolean {
  return /^\s*([-*+]|\d+\.)\s+/u.test(line);
}

function joinItems(lines: readonly string[]): string[] {
  const items: string[] = [];
  for (const line of lines) {
    const text = line.trim();
    if (isItem(line)) items.push(text.replace(/^([-*+]|\d+\.)\s+/u, ''));
    else items.push(`${items.pop() ?? ''} ${text}`);
  }
  return items.map(plain);
}

function cells(row: string): string[] {
  return row.replace(/^\||\|\s*$/gu, '').split('|').map((cell) => plain(cell.trim()));
}

/** Marks of emphasis and code go, the address of a link stays readable. */
function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\(([^)]*)\)/gu, (_all, words: string, address: string) => (words === address ? words : `${words} (${address})`))
    .replace(/\*\*([^*]+)\*\*/gu, '$1')
    .replace(/`([^`]+)`/gu, '$1')
    .trim();
}
