// The two streams a command writes: results to stdout, everything else to stderr. With --json, stdout gets exactly one document.
import type { ErrorData } from '../contract/errors.ts';

export interface Streams {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
}

export class Terminal {
  readonly json: boolean;
  readonly streams: Streams;

  constructor(json: boolean, streams: Streams = process) {
    this.json = json;
    this.streams = streams;
  }

  /** The command's result: `document` under --json, else `text`. */
  result(document: unknown, text: string): void {
    this.streams.stdout.write(`${this.json ? JSON.stringify(document, null, 2) : text}\n`);
  }

  /** A remark for the person; never on stdout. */
  note(text: string): void {
    this.streams.stderr.write(`${text}\n`);
  }

  /** A failure: what happened and what to do, for a person on stderr and for a program as `{error}` on stdout. */
  failure(error: ErrorData): void {
    if (this.json) this.streams.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
    this.note(`error: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}`);
  }
}

/** Columns padded to their widest cell; the last one is left as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  '))
    .join('\n');
}

export const room = (bytes: number): string => (bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`);

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}
