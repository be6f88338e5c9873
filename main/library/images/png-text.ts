// Text chunks of PNG files, written and read after the PNG specification (third edition, sections 5 and 11.3.3).
// Knows chunks only: what the texts mean and what the pixels are is none of its business.
import { crc32, inflateSync } from 'node:zlib';
import { StudioError } from '../../contract/errors.ts';

interface Chunk {
  type: string;
  data: Buffer;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Of all texts of a file together, unpacked: far above any real prompt, far below what hurts. */
const maxTextBytes = 4 * 1024 * 1024;
const maxKeywordBytes = 79;

/**
 * Returns the PNG with these texts as iTXt chunks (UTF-8, not compressed) right after its header; its other chunks
 * stay as they are, except texts with the same keywords, which are replaced. The result depends on nothing else.
 * Throws `corrupt-file` for a damaged PNG and `invalid-input` for a keyword that PNG does not allow.
 */
export function writePngTexts(png: Uint8Array, texts: Readonly<Record<string, string>>): Buffer {
  const [header, ...rest] = readChunks(png);
  const others = rest.filter((chunk) => !Object.hasOwn(texts, keywordOf(chunk) ?? ''));
  const written = Object.entries(texts).map(([keyword, text]) => internationalText(keyword, text));
  return Buffer.concat([signature, ...[header!, ...written, ...others].map(chunkBytes)]);
}

/**
 * The texts of a PNG by keyword, from tEXt, zTXt and iTXt chunks; of equal keywords the first. Every chunk's length and
 * checksum is verified. Throws `corrupt-file`.
 */
export function readPngTexts(png: Uint8Array): Map<string, string> {
  const texts = new Map<string, string>();
  let budget = maxTextBytes;
  for (const chunk of readChunks(png)) {
    const keyword = keywordOf(chunk);
    if (keyword === undefined || texts.has(keyword)) continue;
    const text = textOf(chunk, keyword, budget);
    budget -= text.length;
    texts.set(keyword, text);
  }
  return texts;
}

/** Header first, end last, all checksums right; what follows the end is not looked at. */
function readChunks(png: Uint8Array): Chunk[] {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  if (!bytes.subarray(0, signature.length).equals(signature)) throw corrupt('it does not begin as a PNG does');
  const chunks: Chunk[] = [];
  let offset = signature.length;
  while (offset + 12 <= bytes.length) {
    const length = bytes.readUInt32BE(offset);
    if (length > bytes.length - offset - 12) throw corrupt('it ends within a chunk');
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    if (!/^[A-Za-z]{4}$/.test(type)) throw corrupt('a chunk has no proper name');
    if (bytes.readUInt32BE(offset + 8 + length) !== crc32(bytes.subarray(offset + 4, offset + 8 + length))) {
      throw corrupt(`the checksum of its ${type} chunk is wrong`);
    }
    if ((type === 'IHDR') !== (chunks.length === 0)) throw corrupt('its header is not where it belongs');
    chunks.push({ type, data: bytes.subarray(offset + 8, offset + 8 + length) });
    if (type === 'IEND') return chunks;
    offset += 12 + length;
  }
  throw corrupt('its end is missing');
}

function chunkBytes({ type, data }: Chunk): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

function internationalText(keyword: string, text: string): Chunk {
  if (!/^[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa1-\xff]*[\x21-\x7e\xa1-\xff])?$/.test(keyword) || keyword.length > maxKeywordBytes || keyword.includes('  ')) {
    throw new StudioError('invalid-input', `${JSON.stringify(keyword)} cannot be a PNG keyword.`);
  }
  // Keyword, end, not compressed, method 0, no language, no translated keyword.
  const head = Buffer.concat([Buffer.from(keyword, 'latin1'), Buffer.alloc(5)]);
  return { type: 'iTXt', data: Buffer.concat([head, Buffer.from(text, 'utf8')]) };
}

function keywordOf({ type, data }: Chunk): string | undefined {
  if (type !== 'tEXt' && type !== 'zTXt' && type !== 'iTXt') return undefined;
  const end = data.subarray(0, maxKeywordBytes + 1).indexOf(0);
  if (end < 1) throw corrupt(`a ${type} chunk has no keyword`);
  return data.toString('latin1', 0, end);
}

function textOf({ type, data }: Chunk, keyword: string, budget: number): string {
  const rest = data.subarray(keyword.length + 1);
  if (type === 'tEXt') return within(rest, budget).toString('latin1');
  if (type === 'zTXt') {
    if (rest[0] !== 0) throw corrupt(`its text ${keyword} is compressed in an unknown way`);
    return inflate(rest.subarray(1), keyword, budget).toString('latin1');
  }
  const [flag, method] = rest;
  const languageEnd = rest.indexOf(0, 2);
  const translatedEnd = languageEnd < 0 ? -1 : rest.indexOf(0, languageEnd + 1);
  if (flag === undefined || flag > 1 || (flag === 1 && method !== 0) || translatedEnd < 0) throw corrupt(`its text ${keyword} is damaged`);
  const packed = rest.subarray(translatedEnd + 1);
  const text = flag === 1 ? inflate(packed, keyword, budget) : within(packed, budget);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    throw corrupt(`its text ${keyword} is not UTF-8`);
  }
}

function within(text: Buffer, budget: number): Buffer {
  if (text.length > budget) throw corrupt('its texts are larger than any prompt');
  return text;
}

function inflate(packed: Buffer, keyword: string, budget: number): Buffer {
  try {
    // The limit keeps a few hostile bytes from unpacking into gigabytes.
    return inflateSync(packed, { maxOutputLength: Math.max(budget, 1) });
  } catch (error) {
    throw corrupt(`its text ${keyword} cannot be unpacked`, error);
  }
}

function corrupt(why: string, cause?: unknown): StudioError {
  return new StudioError('corrupt-file', `This PNG is damaged: ${why}.`, {
    hint: 'Take the original file, or a copy that was not changed by another program.',
    ...(cause !== undefined && { cause }),
  });
}
