// The JSON header of a safetensors file: strict parsing of one that nobody vouches for, and writing.
// Works on bytes and numbers; never touches a file. Two readers must never see different tensors in
// one file, so everything ambiguous (repeated names, overlaps, holes) is refused.
import { isDtype, dtypeBytes, type Dtype } from './dtypes.ts';
import { corruptFile, quoteName } from './errors.ts';

export interface TensorEntry {
  dtype: Dtype;
  shape: number[];
  /** Of the first byte, from the start of the file. */
  offset: number;
  bytes: number;
}

export interface SafetensorsHeader {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

/** The length of the header stands in the first 8 bytes, little-endian. */
export const lengthBytes = 8;
/** What the reference reader allows, too. */
export const maxHeaderBytes = 100_000_000;

/**
 * Parses the header `bytes` of the file `path` (used in messages only) of `fileBytes` bytes in all.
 * Throws StudioError `corrupt-file` that says what is wrong.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, path: string): SafetensorsHeader {
  const fail = (reason: string, cause?: unknown): never => {
    throw corruptFile(path, reason, cause);
  };
  const json = parseObject(bytes, fail);
  const dataStart = lengthBytes + bytes.length;
  const tensors = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(value, fail);
    else if (name === '__proto__') fail('a tensor must not be named "__proto__".');
    else tensors.set(name, parseEntry(value, dataStart, (reason) => fail(`tensor ${quoteName(name)} ${reason}`)));
  }
  checkCoverage(tensors, dataStart, fileBytes, fail);
  return { tensors, metadata };
}

type Fail = (reason: string, cause?: unknown) => never;

function parseObject(bytes: Uint8Array, fail: Fail): object {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (thrown) {
    return fail('its header is not valid JSON.', thrown);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail('its header is not a JSON object.');
  const repeated = repeatedKey(text);
  if (repeated !== null) return fail(`its header names ${quoteName(repeated)} twice.`);
  return json;
}

/** The first key that occurs twice in one object of the valid JSON `text`; JSON.parse would keep the last in silence. */
function repeatedKey(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      const end = i + 1;
      while (isSpace(text[i + 1])) i++;
      const keys = open.at(-1);
      if (keys && text[i + 1] === ':') {
        const key = JSON.parse(text.slice(start, end)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
    }
  }
  return null;
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('its "__metadata__" is not an object.');
  const entries = Object.entries(value);
  for (const [key, text] of entries) {
    if (key === '__proto__' || typeof text !== 'string') fail(`its "__metadata__" has no text under ${quoteName(key)}.`);
  }
  return Object.fromEntries(entries);
}

function parseEntry(value: unknown, dataStart: number, fail: Fail): TensorEntry {
  if (typeof value !== 'object' || value === null) return fail('is not described by an object.');
  const { dtype, shape, data_offsets: range } = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  if (typeof dtype !== 'string') return fail('has no number format.');
  if (!isDtype(dtype)) return fail(`has the unknown number format ${quoteName(dtype)}.`);
  if (!isCounts(shape)) return fail('has a shape that is not a list of whole numbers from 0.');
  if (!isCounts(range) || range.length !== 2) return fail('has offsets that are not two whole numbers from 0.');
  const [begin, end] = range as [number, number];
  const bytes = elementCount(shape) * dtypeBytes[dtype];
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    return fail(`has shape [${shape.slice(0, 16).join(', ')}] of ${dtype}, which does not fill its offsets ${begin} to ${end}.`);
  }
  return { dtype, shape, offset: dataStart + begin, bytes };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/** Number of elements of a tensor; 1 for a scalar's empty shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The tensors must follow each other without holes or overlaps and end where the file ends. */
function checkCoverage(tensors: Map<string, TensorEntry>, dataStart: number, fileBytes: number, fail: Fail): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let end = dataStart;
  for (const [name, entry] of inOrder) {
    if (entry.offset < end) fail(`tensor ${quoteName(name)} overlaps another one.`);
    if (entry.offset > end) fail(`there is a hole before tensor ${quoteName(name)}.`);
    end = entry.offset + entry.bytes;
    if (end > fileBytes) fail(`tensor ${quoteName(name)} lies beyond the end of the file; it may be truncated.`);
  }
  if (end !== fileBytes) fail(`${fileBytes - end} bytes follow its last tensor.`);
}

/** A tensor that is about to be written. */
export interface PlannedTensor {
  name: string;
  dtype: 'F32' | 'F16';
  shape: readonly number[];
}

/**
 * Length field and header for `tensors`, whose data follow in this order without gaps.
 * Padded with spaces so that data start at a multiple of 8.
 */
export function formatHeader(tensors: readonly PlannedTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const fields: string[] = [];
  const names = Object.keys(metadata).sort();
  if (names.length > 0) {
    fields.push(`"__metadata__":{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(metadata[name])}`).join(',')}}`);
  }
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = begin + elementCount(shape) * dtypeBytes[dtype];
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(lengthBytes + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, lengthBytes);
  return bytes;
}
