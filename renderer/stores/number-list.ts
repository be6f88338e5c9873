// Lists of numbers as people type them: "1, 2, 5", "1-9 (+2)" for steps of two, "1-9 [5]" for five of them. Pure.

export type NumberList = { ok: true; values: number[] } | { ok: false; part: string };

/** A longer list is a typing mistake. */
const mostValues = 1000;
const number = String.raw`[+-]?(?:\d+(?:\.\d*)?|\.\d+)`;
const range = new RegExp(String.raw`^(${number})\s*(?:-|–|\.\.)\s*(${number})(?:\s*\(\s*\+?(${number})\s*\)|\s*\[\s*(\d+)\s*\])?$`, 'u');

/**
 * Ascending values without repetition; parts are separated by commas or semicolons. A range without a step counts by one.
 * `part` is what cannot be read, or what lies outside `limits`.
 */
export function readNumbers(text: string, limits: { min: number; max: number }): NumberList {
  const values = new Set<number>();
  for (const part of text.split(/[,;]/u).map((piece) => piece.trim()).filter((piece) => piece !== '')) {
    const read = readPart(part);
    if (read === null || read.some((value) => !(value >= limits.min && value <= limits.max))) return { ok: false, part };
    for (const value of read) values.add(value);
    if (values.size > mostValues) return { ok: false, part };
  }
  return { ok: true, values: [...values].sort((a, b) => a - b) };
}

function readPart(part: string): number[] | null {
  if (new RegExp(`^${number}$`, 'u').test(part)) return [Number(part)];
  const found = range.exec(part);
  if (found === null) return null;
  const [from, to] = [Number(found[1]), Number(found[2])];
  if (from > to) return null;
  if (found[4] !== undefined) return spread(from, to, Number(found[4]));
  const step = found[3] === undefined ? 1 : Number(found[3]);
  if (!(step > 0) || (to - from) / step > mostValues) return null;
  return Array.from({ length: Math.floor((to - from) / step + 1e-9) + 1 }, (_, at) => tidy(from + at * step));
}

/** `count` values from end to end. */
function spread(from: number, to: number, count: number): number[] | null {
  if (count < 1 || count > mostValues) return null;
  if (count === 1) return [from];
  return Array.from({ length: count }, (_, at) => tidy(from + ((to - from) * at) / (count - 1)));
}

/** Without the dust of binary fractions. */
function tidy(value: number): number {
  return Number(value.toFixed(6));
}
