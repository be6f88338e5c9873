// Starting noise equal to PyTorch's CPU generator, so that a seed means the same picture here as in PyTorch tools.
// Knows only seeds and counts; nothing of models or shapes.
import { StudioError } from '../contract/errors.ts';

/** Stored with every image: names the algorithm below, which must not change under this name. */
export const generatorName = 'torch-cpu-mt19937';

/** `count` standard normal float32 values, equal to `torch.randn(count, generator=torch.Generator().manual_seed(seed))`. */
export function seededNoise(seed: number, count: number): Float32Array {
  return new TorchCpuGenerator(seed).normal(count);
}

/**
 * The state of a `torch.Generator('cpu')`. Like PyTorch it fills 16 values or more by blocks in single precision, and fewer
 * one by one in double precision, keeping the second value of a Box–Muller pair for the next call.
 */
export class TorchCpuGenerator {
  readonly #bits: MersenneTwister;
  #kept: number | null = null;

  /** `seed`: a whole number from 0; only its low 32 bits count. @throws StudioError `invalid-input` */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new StudioError('invalid-input', `A seed is a whole number from 0, not ${seed}.`);
    }
    this.#bits = new MersenneTwister(seed % 2 ** 32);
  }

  /** The next `count` standard normal values. @throws StudioError `invalid-input` */
  normal(count: number): Float32Array {
    if (!Number.isSafeInteger(count) || count < 0) throw new StudioError('invalid-input', `Cannot draw ${count} random numbers.`);
    return count >= blockSize ? this.#fillByBlocks(count) : Float32Array.from({ length: count }, () => this.#nextDouble());
  }

  #fillByBlocks(count: number): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.#uniformSingle();
    for (let start = 0; start + blockSize <= count; start += blockSize) boxMullerBlock(values, start);
    if (count % blockSize !== 0) {
      // The tail is no shorter block: PyTorch draws the last 16 values anew, over some that were finished.
      const start = count - blockSize;
      for (let i = start; i < count; i++) values[i] = this.#uniformSingle();
      boxMullerBlock(values, start);
    }
    return values;
  }

  #nextDouble(): number {
    if (this.#kept !== null) {
      const kept = this.#kept;
      this.#kept = null;
      return kept;
    }
    const turn = this.#uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniformDouble()));
    this.#kept = radius * Math.sin(2 * Math.PI * turn);
    return radius * Math.cos(2 * Math.PI * turn);
  }

  /** In [0, 1), 24 bits: all a float32 significand holds. */
  #uniformSingle(): number {
    return (this.#bits.next() & 0xffffff) / 2 ** 24;
  }

  /** In [0, 1), the low 53 bits of two words, the first word being the high one. */
  #uniformDouble(): number {
    const high = this.#bits.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#bits.next()) / 2 ** 53;
  }
}

const { fround } = Math;
const blockSize = 16;

/** Turns 16 uniforms in [0, 1) into normals in place: value j gives the radius and value j + 8 the angle of the pair (j, j + 8). */
function boxMullerBlock(values: Float32Array, start: number): void {
  const half = blockSize / 2;
  for (let j = start; j < start + half; j++) {
    // 1 − u lies in (0, 1], so the logarithm stays finite; it is exact in single precision. The angle is rounded where PyTorch
    // rounds it: far out in the tail that is worth 10⁻⁶.
    const radius = fround(Math.sqrt(-2 * fround(Math.log(1 - values[j]!))));
    const angle = fround(fround(2 * Math.PI) * values[j + half]!);
    values[j] = radius * Math.cos(angle);
    values[j + half] = radius * Math.sin(angle);
  }
}

/** MT19937 of Matsumoto and Nishimura (1998), with the 2002 initialisation from one word. */
class MersenneTwister {
  readonly #state = new Uint32Array(stateSize);
  #next = stateSize;

  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < stateSize; i++) {
      const previous = state[i - 1]!;
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** 32 random bits as an unsigned number. */
  next(): number {
    if (this.#next === stateSize) this.#twist();
    let word = this.#state[this.#next++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < stateSize; i++) {
      const joined = (state[i]! & 0x80000000) | (state[(i + 1) % stateSize]! & 0x7fffffff);
      state[i] = state[(i + middle) % stateSize]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

const stateSize = 624;
const middle = 397;
