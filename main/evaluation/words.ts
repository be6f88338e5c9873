// Numbers of a report as people read them: shares in per cent, intervals in brackets, differences with their sign; and Markdown's tables.
// Knows neither cells nor reports.
import type { Interval, Share } from '../contract/evaluation.ts';

/** GitHub's tables: the first column is words, the rest numbers. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [cells(header), cells(header.map((_, i) => (i === 0 ? ':---' : '---:'))), ...rows.map(cells)].join('\n');
}

export const percent = (value: number | undefined, digits = 1): string => (value === undefined ? '–' : `${(100 * value).toFixed(digits)} %`);

/** Such as "83.5 % (78.0–87.9)". */
export const share = (value: Share | null | undefined, digits = 1): string =>
  (value == null ? '–' : `${percent(value.value, digits)} (${(100 * value.low).toFixed(digits)}–${(100 * value.high).toFixed(digits)})`);

export const interval = (value: Interval | null, digits: number): string =>
  (value === null ? '–' : `${value.value.toFixed(digits)} (${value.low.toFixed(digits)}–${value.high.toFixed(digits)})`);

/** A difference, its sign always shown: "−3.1 (−10.9 to +3.1)". `factor`: 100 for percentage points. */
export function signed(value: Interval | null, digits: number, factor = 1): string {
  if (value === null) return '–';
  const [middle, low, high] = [value.value, value.low, value.high].map((part) => {
    const shown = Math.abs(factor * part).toFixed(digits);
    return Number(shown) === 0 ? shown : `${part > 0 ? '+' : '−'}${shown}`;
  });
  return `${middle} (${low} to ${high})`;
}

export const yesNo = (holds: boolean): string => (holds ? 'yes' : 'no');

/** Text of others on one line, that no Markdown is read into. */
export const plain = (content: string): string => content.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#]/g, '\\$&');
