// Tables as text that spreadsheets read (RFC 4180). Pure.

export type CsvCell = string | number | boolean | null;

/** Rows with CRLF ends; what holds a comma, a quote or a line end is quoted. Nothing is written for null. */
export function toCsv(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(write).join(',')}\r\n`).join('');
}

function write(cell: CsvCell): string {
  if (cell === null) return '';
  const text = String(cell);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
