// Reads and writes .safetensors files: named tensors behind a JSON header, no code to execute.
// Knows nothing of models; what the names mean is the networks' business.
import { open, stat, type FileHandle } from 'node:fs/promises';
import { StudioError } from '../contract/errors.ts';
import { writeAtomically } from './atomic.ts';
import { dtypeBytes, toBytes, toFloat32, type FloatData } from './dtypes.ts';
import { corruptFile, fileError, quoteName } from './errors.ts';
import {
  elementCount, formatHeader, lengthBytes, maxHeaderBytes, parseHeader, type PlannedTensor, type SafetensorsHeader, type TensorEntry,
} from './safetensors-header.ts';

export type { Dtype } from './dtypes.ts';
export type { SafetensorsHeader, TensorEntry } from './safetensors-header.ts';

export interface Tensor {
  shape: number[];
  /** Row-major. */
  data: Float32Array;
}

export interface TensorToWrite extends PlannedTensor {
  /** Row-major, as many numbers as the shape has. */
  data: FloatData;
}

/**
 * Reads what the file holds, without its data, and checks that every tensor lies where the header says.
 * Throws StudioError: `not-found`, `permission`, `corrupt-file`.
 */
export function readHeader(path: string): Promise<SafetensorsHeader> {
  return withFile(path, (file) => headerOf(file, path));
}

/**
 * One tensor as float32, whatever it is stored as. `entry` comes from `readHeader` of the same file.
 * Throws StudioError: `not-found`, `permission`, `corrupt-file` (shorter than the header said), `unsupported` (a number format
 * without arithmetic here), `out-of-memory`.
 */
export function readTensor(path: string, entry: TensorEntry): Promise<Float32Array> {
  return withFile(path, (file) => tensorOf(file, path, entry));
}

/**
 * The tensors called `names` (default: all) by name, in the file's order when all, else in that of `names`.
 * Throws what `readHeader` and `readTensor` throw; `corrupt-file` when a name is missing.
 */
export function readTensors(path: string, names?: Iterable<string>): Promise<Map<string, Tensor>> {
  return withFile(path, async (file) => {
    const { tensors } = await headerOf(file, path);
    const result = new Map<string, Tensor>();
    for (const name of names ?? tensors.keys()) {
      const entry = tensors.get(name);
      if (entry === undefined) throw corruptFile(path, `tensor ${quoteName(name)} is missing.`);
      result.set(name, { shape: entry.shape, data: await tensorOf(file, path, entry) });
    }
    return result;
  });
}

/**
 * Writes `tensors` as the whole of `path`, under a temporary name until all of it is on the disk.
 * Same input, same bytes: float32 tensors come first, then float16, each sorted by name, so that every tensor is aligned to its
 * element. Data convert one tensor at a time.
 * Throws StudioError: `invalid-input` (names, shapes), `disk-full`, `permission`, `not-found` (no such folder).
 */
export async function writeSafetensors(
  path: string, tensors: Iterable<TensorToWrite>, metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = [...tensors].sort((a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype] || (a.name < b.name ? -1 : 1));
  checkWritable(sorted);
  const header = formatHeader(sorted, metadata);
  if (header.length > maxHeaderBytes) throw new StudioError('invalid-input', `${path}: too many tensors for one file.`);
  await writeAtomically(path, async (file) => {
    await file.writeFile(header);
    for (const { data, dtype } of sorted) await file.writeFile(toBytes(data, dtype));
  });
}

function checkWritable(tensors: readonly TensorToWrite[]): void {
  const seen = new Set<string>();
  for (const { name, shape, data } of tensors) {
    const refuse = (reason: string): never => {
      throw new StudioError('invalid-input', `Tensor ${quoteName(name)} ${reason}`);
    };
    if (name === '' || name === '__metadata__' || name === '__proto__') refuse('cannot be stored under this name.');
    if (!name.isWellFormed()) refuse('has a name that is not valid Unicode.');
    if (seen.has(name)) refuse('is given twice.');
    seen.add(name);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) refuse('has an impossible shape.');
    if (elementCount(shape) !== data.length) refuse(`has ${data.length} numbers for shape [${shape.join(', ')}].`);
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    // Asked before opening, which would wait forever on a named pipe.
    if (!(await stat(path)).isFile()) throw corruptFile(path, 'is not a file.');
    const file = await open(path, 'r');
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

async function headerOf(file: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  if (size < lengthBytes) throw corruptFile(path, `is too short (${size} bytes) for a safetensors file.`);
  const length = new DataView(await readExactly(file, path, 0, lengthBytes)).getBigUint64(0, true);
  // Compared as BigInt: a hostile length may exceed what a number holds.
  if (length > BigInt(maxHeaderBytes)) throw corruptFile(path, `its header claims ${length} bytes; it may not be a safetensors file.`);
  if (length > BigInt(size - lengthBytes)) throw corruptFile(path, 'its header is longer than the file; it may be truncated.');
  const header = await readExactly(file, path, lengthBytes, Number(length));
  return parseHeader(new Uint8Array(header), size, path);
}

async function tensorOf(file: FileHandle, path: string, entry: TensorEntry): Promise<Float32Array> {
  const buffer = await readExactly(file, path, entry.offset, entry.bytes);
  const data = toFloat32(buffer, entry.dtype, elementCount(entry.shape));
  if (data === null) throw new StudioError('unsupported', `${path}: numbers of format ${entry.dtype} cannot be computed with.`);
  return data;
}

/** The operating system reads at most 2 GiB at once. */
const maxRead = 2 ** 30;

async function readExactly(file: FileHandle, path: string, offset: number, bytes: number): Promise<ArrayBuffer> {
  const buffer = new ArrayBuffer(bytes);
  let done = 0;
  while (done < bytes) {
    const target = new Uint8Array(buffer, done, Math.min(bytes - done, maxRead));
    const { bytesRead } = await file.read(target, 0, target.length, offset + done);
    if (bytesRead === 0) throw corruptFile(path, 'is shorter than its header says; it may be truncated.');
    done += bytesRead;
  }
  return buffer;
}
