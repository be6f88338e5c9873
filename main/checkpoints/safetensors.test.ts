import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StudioError } from '../contract/errors.ts';
import { writeAtomically, writeFileAtomic } from './atomic.ts';
import { readHeader, readTensor, readTensors, writeSafetensors } from './safetensors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a file by hand, so that reading is not only tested against our own writer. */
async function handmade(name: string, header: object, data: Uint8Array): Promise<string> {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([length, json, data]));
  return path;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(StudioError);
    return (thrown as StudioError).code;
  }
  return 'ok';
}

describe('reading', () => {
  const read = async (dtype: string, bytes: ArrayLike<number>, count: number) => {
    const path = await handmade(`${dtype}.safetensors`, { x: { dtype, shape: [count], data_offsets: [0, bytes.length] } }, Uint8Array.from(bytes));
    const entry = (await readHeader(path)).tensors.get('x')!;
    return [...await readTensor(path, entry)];
  };
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

  it('turns every number format into float32', async () => {
    expect(await read('F32', bytesOf(Float32Array.of(1.5, -2)), 2)).toEqual([1.5, -2]);
    // 1, −2, the smallest subnormal, infinity as bit patterns of IEEE half precision.
    expect(await read('F16', bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00)), 4)).toEqual([1, -2, 2 ** -24, Infinity]);
    expect(await read('BF16', bytesOf(Uint16Array.of(0x3f80, 0xc049, 0x0001, 0x7fc0)), 4)).toEqual([1, -3.140625, 2 ** -133, NaN]);
    expect(await read('F64', bytesOf(Float64Array.of(0.5, 1e300)), 2)).toEqual([0.5, Infinity]);
    expect(await read('I64', bytesOf(BigInt64Array.of(-7n, 49407n)), 2)).toEqual([-7, 49407]);
    expect(await read('U64', bytesOf(BigUint64Array.of(7n)), 1)).toEqual([7]);
    expect(await read('I32', bytesOf(Int32Array.of(-7)), 1)).toEqual([-7]);
    expect(await read('U32', bytesOf(Uint32Array.of(7)), 1)).toEqual([7]);
    expect(await read('I16', bytesOf(Int16Array.of(-7)), 1)).toEqual([-7]);
    expect(await read('U16', bytesOf(Uint16Array.of(65535)), 1)).toEqual([65535]);
    expect(await read('I8', [0xff], 1)).toEqual([-1]);
    expect(await read('U8', [0xff], 1)).toEqual([255]);
    expect(await read('BOOL', [1, 0], 2)).toEqual([1, 0]);
  });

  it('says which number format it cannot compute with', async () => {
    expect(await codeOf(read('F8_E4M3', [0], 1))).toBe('unsupported');
  });

  it('names what is missing or wrong', async () => {
    const path = await handmade('small.safetensors', { x: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } }, Uint8Array.of(1));
    await expect(readTensors(path, ['x', 'y'])).rejects.toThrow(/small\.safetensors: tensor "y" is missing/);
    expect(await codeOf(readHeader(join(folder, 'nowhere.safetensors')))).toBe('not-found');
    expect(await codeOf(readHeader(join(path, 'inside')))).toBe('not-found');
    expect(await codeOf(readHeader(folder))).toBe('corrupt-file');
    await symlink(join(folder, 'loop'), join(folder, 'loop'));
    expect(await codeOf(readHeader(join(folder, 'loop')))).toBe('corrupt-file');
  });

  it.skipIf(process.platform === 'win32')('does not wait on a named pipe', async () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    expect(await codeOf(readHeader(pipe))).toBe('corrupt-file');
  });

  it('notices a file that became shorter after its header was read', async () => {
    const path = join(folder, 'shrinking.safetensors');
    await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [100], data: new Float32Array(100) }]);
    const entry = (await readHeader(path)).tensors.get('x')!;
    await truncate(path, entry.offset + 8);
    await expect(readTensor(path, entry)).rejects.toThrow(/truncated/);
  });

  it('refuses every truncation of a good file', async () => {
    const path = join(folder, 'whole.safetensors');
    await writeSafetensors(path, [{ name: 'x', dtype: 'F16', shape: [3], data: Float32Array.of(1, 2, 3) }]);
    const whole = await readFile(path);
    const cut = join(folder, 'cut.safetensors');
    for (let bytes = 0; bytes < whole.length; bytes++) {
      await writeFile(cut, whole.subarray(0, bytes));
      expect(await codeOf(readHeader(cut)), `${bytes} bytes`).toBe('corrupt-file');
    }
  });

  it('survives any damage to a good file with a value or a StudioError', async () => {
    const path = join(folder, 'good.safetensors');
    await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }], { format: 'pt' });
    const good = await readFile(path);
    const damaged = join(folder, 'damaged.safetensors');
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = Uint8Array.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      await writeFile(damaged, bytes);
      try {
        await readTensors(damaged);
      } catch (thrown) {
        if (!(thrown instanceof StudioError)) throw thrown;
      }
    }), { numRuns: 300 });
  });

  it.each([100_000_001n, 2n ** 63n, 2n ** 64n - 1n])('refuses a header of %d bytes before it allocates them', async (claimed) => {
    const bytes = Buffer.alloc(64);
    bytes.writeBigUInt64LE(claimed);
    const path = join(folder, 'claims.safetensors');
    await writeFile(path, bytes);
    await expect(readHeader(path)).rejects.toThrow(/header claims/);
  });
});

describe('writing', () => {
  it('is read back, tensors aligned to their elements, same bytes for any order', async () => {
    const tensors = [
      { name: 'a half', dtype: 'F16' as const, shape: [3], data: Float32Array.of(1, 2, 3) },
      { name: 'b', dtype: 'F32' as const, shape: [], data: Float32Array.of(7) },
      { name: 'a', dtype: 'F32' as const, shape: [2, 1], data: Float64Array.of(0.5, -0.25) },
      { name: 'empty', dtype: 'F32' as const, shape: [0], data: new Float32Array(0) },
    ];
    const one = join(folder, 'one.safetensors');
    const two = join(folder, 'two.safetensors');
    await writeSafetensors(one, tensors, { format: 'pt', by: 'test' });
    await writeSafetensors(two, tensors.toReversed(), { by: 'test', format: 'pt' });
    expect(await readFile(two)).toEqual(await readFile(one));

    const header = await readHeader(one);
    expect(header.metadata).toEqual({ format: 'pt', by: 'test' });
    for (const { dtype, offset } of header.tensors.values()) expect(offset % (dtype === 'F32' ? 4 : 2)).toBe(0);
    expect(Math.min(...[...header.tensors.values()].map(({ offset }) => offset)) % 8).toBe(0);
    const read = await readTensors(one);
    expect([...read.keys()]).toEqual(['a', 'b', 'empty', 'a half']);
    expect(read.get('a')).toEqual({ shape: [2, 1], data: Float32Array.of(0.5, -0.25) });
    expect(read.get('b')).toEqual({ shape: [], data: Float32Array.of(7) });
    expect(read.get('a half')).toEqual({ shape: [3], data: Float32Array.of(1, 2, 3) });
  });

  it('writes a view of a larger array, not the array', async () => {
    const path = join(folder, 'view.safetensors');
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [2], data }]);
    expect((await readTensors(path)).get('x')?.data).toEqual(Float32Array.of(1, 2));
  });

  it('rounds to float16 as IEEE 754 asks: to nearest, ties to even, subnormals, infinities, NaN', async () => {
    const path = join(folder, 'rounding.safetensors');
    const cases: [number, number][] = [
      [1 + 2 ** -11, 0x3c00], // a tie goes to the even neighbour
      [1 + 3 * 2 ** -11, 0x3c02],
      [65519, 0x7bff],
      [65520, 0x7c00],
      [-Infinity, 0xfc00],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [1.5 * 2 ** -25, 0x0001],
      [-0, 0x8000],
      [6.1e-5, 0x03ff],
    ];
    await writeSafetensors(path, [{ name: 'x', dtype: 'F16', shape: [cases.length + 1], data: Float32Array.of(...cases.map(([value]) => value), NaN) }]);
    const { offset } = (await readHeader(path)).tensors.get('x')!;
    const bytes = await readFile(path);
    cases.forEach(([value, bits], i) => expect(bytes.readUInt16LE(offset + 2 * i), String(value)).toBe(bits));
    expect((await readTensors(path)).get('x')!.data.at(-1)).toBeNaN();
  });

  it('refuses tensors that could not be read back, and writes nothing', async () => {
    const path = join(folder, 'refused.safetensors');
    const tensor = { name: 'x', dtype: 'F32' as const, shape: [2], data: new Float32Array(2) };
    for (const wrong of [
      [tensor, tensor], [{ ...tensor, shape: [3] }], [{ ...tensor, shape: [-2] }], [{ ...tensor, name: '' }],
      [{ ...tensor, name: '__metadata__' }], [{ ...tensor, name: '__proto__' }], [{ ...tensor, name: '\ud800' }],
    ]) expect(await codeOf(writeSafetensors(path, wrong))).toBe('invalid-input');
    expect(await codeOf(readHeader(path))).toBe('not-found');
  });

  it.skipIf(process.platform === 'win32')('keeps the old file and no other when the disk takes no more', async () => {
    const small = join(folder, 'limited');
    await mkdir(small);
    const path = join(small, 'model.safetensors');
    await writeSafetensors(path, [{ name: 'old', dtype: 'F32', shape: [1], data: Float32Array.of(1) }]);
    // The shell's limit on file sizes (here 64 KiB) makes a real write fail in the middle.
    const script = `
      const { writeSafetensors } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'safetensors.ts')).href)});
      const data = new Float32Array(1 << 18);
      await writeSafetensors(${JSON.stringify(path)}, [{ name: 'new', dtype: 'F32', shape: [data.length], data }]).catch((e) => console.log(e.code));`;
    const child = spawnSync('bash', ['-c', 'ulimit -f 64; exec "$0" --input-type=module -e "$1"', process.execPath, script], { encoding: 'utf8' });
    expect(child.stdout.trim()).toBe('disk-full');
    expect(await readdir(small)).toEqual(['model.safetensors']);
    expect([...(await readHeader(path)).tensors.keys()]).toEqual(['old']);
  });
});

describe('writing atomically', () => {
  it('replaces a file', async () => {
    const path = join(folder, 'note.txt');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, Uint8Array.of(0x74, 0x77, 0x6f));
    expect(await readFile(path, 'utf8')).toBe('two');
  });

  it.skipIf(process.platform !== 'linux')('reports a full disk and leaves nothing behind', async () => {
    const inside = join(folder, 'full');
    await mkdir(inside);
    const work = writeAtomically(join(inside, 'x'), async () => {
      const full = await open('/dev/full', 'w');
      await full.write('x').finally(() => full.close());
    });
    await expect(work).rejects.toMatchObject({ code: 'disk-full' });
    expect(await readdir(inside)).toEqual([]);
  });

  it('reports a missing folder', async () => {
    expect(await codeOf(writeFileAtomic(join(folder, 'no', 'x'), 'x'))).toBe('not-found');
  });
});
