import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../contract/errors.ts';
import { codeOf, picture } from '../test-support.ts';
import { encodePng } from './png.ts';
import { readPngTexts, writePngTexts } from './png-text.ts';

const plain = await encodePng(picture(1, 5, 4), {});
const signatureBytes = 8;
const headerBytes = 25;

/** As other programs write it, right after the header. */
function withChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  const at = signatureBytes + headerBytes;
  return Buffer.concat([plain.subarray(0, at), chunk, plain.subarray(at)]);
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('PNG texts', () => {
  it('come back as written, in any script, and leave the pixels alone', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 }).map((value) => value.toWellFormed().replaceAll('\0', ''));
    const keyword = fc.stringMatching(/^[a-zA-Z0-9]{1,79}$/);
    const pixels = await sharp(plain).raw().toBuffer();
    await fc.assert(fc.asyncProperty(fc.dictionary(keyword, text, { maxKeys: 4 }), async (texts) => {
      const written = writePngTexts(plain, texts);
      expect(readPngTexts(written)).toEqual(new Map(Object.entries(texts)));
      expect(writePngTexts(plain, texts).equals(written)).toBe(true);
      expect((await sharp(written).raw().toBuffer()).equals(pixels)).toBe(true);
    }), { numRuns: 60 });
  });

  it('replace texts with the same keyword and keep the others', () => {
    const first = writePngTexts(plain, { parameters: 'one', other: 'kept' });
    expect(readPngTexts(writePngTexts(first, { parameters: '二' }))).toEqual(new Map([['parameters', '二'], ['other', 'kept']]));
  });

  it("are understood by another reader of PNG: the comments of libvips", async () => {
    const { comments } = await sharp(writePngTexts(plain, { parameters: 'a red boat\nSteps: 20' })).metadata();
    expect(comments).toContainEqual({ keyword: 'parameters', text: 'a red boat\nSteps: 20' });
  });

  it('are read in all three forms that PNG knows', () => {
    const read = (png: Buffer) => Object.fromEntries(readPngTexts(png));
    expect(read(withChunk('tEXt', latin1('parameters\0caf\xe9')))).toEqual({ parameters: 'café' });
    expect(read(withChunk('zTXt', Buffer.concat([latin1('k\0\0'), deflateSync(latin1('packed'))])))).toEqual({ k: 'packed' });
    expect(read(withChunk('iTXt', Buffer.concat([latin1('k\0\x01\0en\0'), Buffer.from('词\0'), deflateSync(Buffer.from('船'))])))).toEqual({ k: '船' });
    expect(read(withChunk('tEXt', latin1('empty\0')))).toEqual({ empty: '' });
  });

  it.each([
    ['no keyword', 'tEXt', latin1('\0text')],
    ['an endless keyword', 'tEXt', latin1('k'.repeat(200))],
    ['an unknown compression', 'zTXt', latin1('k\0\x07abc')],
    ['rubbish for a compressed text', 'zTXt', latin1('k\0\0abc')],
    ['an iTXt that stops early', 'iTXt', latin1('k\0\0')],
    ['an iTXt without its fields', 'iTXt', latin1('k\0\0\0en')],
    ['an unknown iTXt flag', 'iTXt', latin1('k\0\x09\0\0\0x')],
    ['text that is not UTF-8', 'iTXt', Buffer.concat([latin1('k\0\0\0\0\0'), Buffer.from([0xff, 0xfe])])],
    ['a text that unpacks to much more', 'zTXt', Buffer.concat([latin1('k\0\0'), deflateSync(Buffer.alloc(32 * 1024 * 1024))])],
    ['a second header', 'IHDR', plain.subarray(16, 29)],
    ['a nameless chunk', '\0\0\0\0', latin1('x')],
  ])('refuse %s', async (_, type, data) => {
    expect(await codeOf(() => readPngTexts(withChunk(type, data)))).toBe('corrupt-file');
  });

  it('refuse a keyword that PNG does not allow', async () => {
    for (const keyword of ['', ' a', 'a ', 'a  b', 'a\nb', '船', 'k'.repeat(80)]) {
      expect(await codeOf(() => writePngTexts(plain, { [keyword]: 'x' }))).toBe('invalid-input');
    }
  });

  it('refuse a file that was cut off anywhere or changed in any bit', async () => {
    const whole = writePngTexts(plain, { parameters: 'a red boat' });
    for (let length = 0; length < whole.length; length++) {
      expect(await codeOf(() => readPngTexts(whole.subarray(0, length)))).toBe('corrupt-file');
    }
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Buffer.from(whole);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => readPngTexts(changed), `bit ${bit}`).toThrow(StudioError);
    }
  });

  it('answer arbitrary chunks with texts or a StudioError, and nothing else', () => {
    const type = fc.constantFrom('tEXt', 'zTXt', 'iTXt', 'IDAT', 'IEND', 'IHDR', 'abcd');
    const data = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 40 }).map((rest) => Buffer.concat([latin1('key\0'), rest])));
    fc.assert(fc.property(type, data, fc.nat(), (name, bytes, cut) => {
      const png = withChunk(name, bytes);
      for (const candidate of [png, png.subarray(0, cut % png.length), Buffer.concat([plain.subarray(0, 8), bytes])]) {
        try {
          expect(readPngTexts(candidate)).toBeInstanceOf(Map);
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
          expect((error as StudioError).code).toBe('corrupt-file');
        }
      }
    }), { numRuns: 300 });
  });
});
