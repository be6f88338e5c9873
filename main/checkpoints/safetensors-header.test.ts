import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../contract/errors.ts';
import { formatHeader, lengthBytes, parseHeader } from './safetensors-header.ts';

const utf8 = new TextEncoder();

/** Parses `json` as the header of a file with `dataBytes` bytes of data. */
function parse(json: string | Uint8Array, dataBytes: number) {
  const bytes = typeof json === 'string' ? utf8.encode(json) : json;
  return parseHeader(bytes, lengthBytes + bytes.length + dataBytes, 'file.safetensors');
}

function problemOf(json: string | Uint8Array, dataBytes: number): string {
  try {
    parse(json, dataBytes);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(StudioError);
    expect((thrown as StudioError).code).toBe('corrupt-file');
    expect((thrown as StudioError).message).toMatch(/^file\.safetensors: /);
    return (thrown as StudioError).message;
  }
  throw new Error(`accepted: ${String(json)}`);
}

const tensor = (begin: unknown, end: unknown, shape: unknown = [1], dtype: unknown = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('a good header', () => {
  it('gives each tensor its place in the file', () => {
    const json = `{"__metadata__":{"format":"pt"},"b":${tensor(4, 12, [2, 1])},"a":${tensor(0, 4)},"none":${tensor(4, 4, [0, 7])}}   `;
    const header = parse(json, 12);
    const start = lengthBytes + json.length;
    expect(header.metadata).toEqual({ format: 'pt' });
    expect(header.tensors.get('a')).toEqual({ dtype: 'F32', shape: [1], offset: start, bytes: 4 });
    expect(header.tensors.get('b')).toEqual({ dtype: 'F32', shape: [2, 1], offset: start + 4, bytes: 8 });
    expect(header.tensors.get('none')).toEqual({ dtype: 'F32', shape: [0, 7], offset: start + 4, bytes: 0 });
  });

  it('may hold a scalar, or nothing', () => {
    expect(parse(`{"x":${tensor(0, 8, [], 'I64')}}`, 8).tensors.get('x')?.shape).toEqual([]);
    expect(parse('{}', 0).tensors.size).toBe(0);
  });

  it('is what formatHeader writes, for any names and shapes, aligned to 8', () => {
    const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), { maxLength: 6 });
    const metadata = fc.dictionary(fc.string({ maxLength: 8 }).filter((key) => key !== '__proto__'), fc.string({ maxLength: 8 }), { maxKeys: 3 });
    fc.assert(fc.property(names, fc.array(fc.nat(5), { maxLength: 4 }), metadata, (list, shape, about) => {
      const tensors = list.filter((name) => !name.startsWith('__')).map((name) => ({ name, dtype: 'F16' as const, shape }));
      const bytes = formatHeader(tensors, about);
      const each = 2 * shape.reduce((a, b) => a * b, 1);
      expect(bytes.length % 8).toBe(0);
      const header = parseHeader(bytes.subarray(lengthBytes), bytes.length + each * tensors.length, 'x');
      expect([...header.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
      expect({ ...header.metadata }).toEqual({ ...about });
    }));
  });
});

describe('a hostile header', () => {
  it.each([
    ['no JSON', '{"a":', 0, /not valid JSON/],
    ['a list', '[]', 0, /not a JSON object/],
    ['null', 'null', 0, /not a JSON object/],
    ['bad UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0, /not valid JSON/],
    ['a repeated tensor', `{"a":${tensor(0, 4)},"a":${tensor(0, 4)}}`, 4, /names "a" twice/],
    ['a repeated tensor, written differently', `{"a":${tensor(0, 4)},"\\u0061"${' '.repeat(100)}\n:${tensor(0, 4)}}`, 4, /names "a" twice/],
    ['a repeated field', '{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,4]}}', 4, /names "shape" twice/],
    ['__proto__', `{"__proto__":${tensor(0, 4)}}`, 4, /__proto__/],
    ['__proto__ as metadata', '{"__metadata__":{"__proto__":"x"}}', 0, /__proto__/],
    ['metadata that is no text', '{"__metadata__":{"a":1}}', 0, /no text under "a"/],
    ['metadata that is a list', '{"__metadata__":["a"]}', 0, /not an object/],
    ['a number for a tensor', '{"a":1}', 0, /tensor "a" is not described/],
    ['an unknown format', `{"a":${tensor(0, 4, [1], 'F33')}}`, 4, /unknown number format "F33"/],
    ['an inherited name as format', `{"a":${tensor(0, 4, [1], 'constructor')}}`, 4, /unknown number format/],
    ['a format that cannot become text', `{"a":${tensor(0, 4, [1], { toString: 1 })}}`, 4, /no number format/],
    ['a negative size', `{"a":${tensor(0, 4, [-1])}}`, 4, /shape that is not/],
    ['a fractional size', `{"a":${tensor(0, 4, [0.5])}}`, 4, /shape that is not/],
    ['no shape', `{"a":${tensor(0, 4, null)}}`, 4, /shape that is not/],
    ['sizes whose product overflows', `{"a":${tensor(0, 0, [2 ** 40, 2 ** 40, 2 ** 40])}}`, 0, /does not fill/],
    ['a product of infinity and zero', `{"a":${tensor(0, 0, [...Array(30).fill(2 ** 50), 0])}}`, 0, /does not fill/],
    ['a negative offset', `{"a":${tensor(-4, 0)}}`, 4, /offsets that are not/],
    ['NaN as offset', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[NaN,4]}}', 4, /not valid JSON/],
    ['null as offset', `{"a":${tensor(null, 4)}}`, 4, /offsets that are not/],
    ['an infinite offset', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}', 4, /offsets that are not/],
    ['three offsets', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4, /offsets that are not/],
    ['offsets backwards', `{"a":${tensor(4, 0)}}`, 4, /does not fill/],
    ['a shape larger than its bytes', `{"a":${tensor(0, 4, [2])}}`, 4, /does not fill/],
    ['an overlap', `{"a":${tensor(0, 8, [2])},"b":${tensor(4, 8)}}`, 8, /"b" overlaps/],
    ['a hole', `{"a":${tensor(0, 4)},"b":${tensor(8, 12)}}`, 12, /hole before tensor "b"/],
    ['a hole at the start', `{"a":${tensor(4, 8)}}`, 8, /hole before tensor "a"/],
    ['a tensor beyond the end', `{"a":${tensor(0, 4)}}`, 3, /beyond the end/],
    ['trailing bytes', `{"a":${tensor(0, 4)}}`, 5, /1 bytes follow/],
    ['a name that would break a terminal', `{"\\u001b[2J":${tensor(0, 4, [2])}}`, 4, /tensor "\\u001b\[2J"/],
  ])('is refused: %s', (_, json, dataBytes, reason) => {
    expect(problemOf(json, dataBytes)).toMatch(reason);
  });

  it('never throws anything but a StudioError, and accepts only headers that cover the data once', () => {
    const value = fc.oneof(
      fc.constantFrom('F32', 'F16', 'BF16', 'U8', '', 'constructor'), fc.integer(), fc.double(), fc.constant(null), fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 3 }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const entry = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record({ dtype: value, shape: value, data_offsets: value }, { requiredKeys: [] }),
      fc.record({ dtype: fc.constant('U8'), shape: fc.tuple(fc.nat(4)), data_offsets: fc.tuple(fc.nat(4), fc.nat(8)) }),
    );
    const header = fc.dictionary(fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('__metadata__', '__proto__', 'a')), entry, { maxKeys: 4 });
    fc.assert(fc.property(header, fc.nat(12), (json, dataBytes) => {
      const text = JSON.stringify(json);
      try {
        const { tensors } = parse(text, dataBytes);
        let covered = 0;
        for (const tensor of tensors.values()) covered += tensor.bytes;
        expect(covered).toBe(dataBytes);
      } catch (thrown) {
        if (!(thrown instanceof StudioError)) throw thrown;
      }
    }), { numRuns: 2000 });
  });

  it('never throws anything but a StudioError for arbitrary bytes and text', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.string().map((text) => utf8.encode(text)), fc.json().map((text) => utf8.encode(text)));
    fc.assert(fc.property(bytes, fc.nat(64), (header, dataBytes) => {
      try {
        parse(header, dataBytes);
      } catch (thrown) {
        if (!(thrown instanceof StudioError)) throw thrown;
      }
    }), { numRuns: 1000 });
  });
});
