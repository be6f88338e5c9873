// The number formats of safetensors and their way to and from float32, on little-endian machines.
// Knows nothing of files.

/** Bytes of one element, by the format's name. */
export const dtypeBytes = {
  F64: 8, I64: 8, U64: 8, C64: 8,
  F32: 4, I32: 4, U32: 4,
  F16: 2, BF16: 2, I16: 2, U16: 2,
  F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, I8: 1, U8: 1, BOOL: 1,
} as const;

export type Dtype = keyof typeof dtypeBytes;

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(dtypeBytes, name);
}

/**
 * `elements` numbers of format `dtype`, stored in `buffer` from its start, as float32.
 * F32 is a view of `buffer`, all others a copy; 64-bit formats and large integers are rounded. Null: a format this studio does not compute with.
 */
export function toFloat32(buffer: ArrayBuffer, dtype: Dtype, elements: number): Float32Array | null {
  switch (dtype) {
    case 'F32': return new Float32Array(buffer, 0, elements);
    case 'F16': return new Float32Array(new Float16Array(buffer, 0, elements));
    case 'BF16': return bfloat16ToFloat32(new Uint16Array(buffer, 0, elements));
    case 'F64': return new Float32Array(new Float64Array(buffer, 0, elements));
    case 'I64': return Float32Array.from(new BigInt64Array(buffer, 0, elements), Number);
    case 'U64': return Float32Array.from(new BigUint64Array(buffer, 0, elements), Number);
    case 'I32': return new Float32Array(new Int32Array(buffer, 0, elements));
    case 'U32': return new Float32Array(new Uint32Array(buffer, 0, elements));
    case 'I16': return new Float32Array(new Int16Array(buffer, 0, elements));
    case 'U16': return new Float32Array(new Uint16Array(buffer, 0, elements));
    case 'I8': return new Float32Array(new Int8Array(buffer, 0, elements));
    case 'U8':
    case 'BOOL': return new Float32Array(new Uint8Array(buffer, 0, elements));
    case 'C64':
    case 'F8_E4M3':
    case 'F8_E5M2':
    case 'F8_E8M0': return null;
  }
}

/** A bfloat16 is the upper half of a float32. */
function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

export type FloatData = Float32Array | Float16Array | Float64Array;

/**
 * The stored bytes of `data` in format `dtype`: a view where the format is already right, else a copy,
 * rounded to nearest with ties to even; beyond ±65519 a float16 is infinite.
 */
export function toBytes(data: FloatData, dtype: 'F32' | 'F16'): Uint8Array {
  const Wanted = dtype === 'F32' ? Float32Array : Float16Array;
  const stored = data instanceof Wanted ? data : new Wanted(data);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
