// Seeded random numbers for training. Every stream is a pure function of its key, so a resumed job draws what it would
// have drawn. Not for the noise of pictures a person asks for: that equals PyTorch's (diffusion/noise.ts).

/** Mixes a 32-bit number well enough that neighbouring keys give unrelated streams (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export class TrainingRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `key`: integers that name the stream, such as seed, step and purpose. */
  constructor(...key: number[]) {
    let state = 0x9e3779b9;
    const draw = (): number => {
      for (const part of key) {
        state = mix(state ^ mix(part));
        const high = Math.floor(part / 4294967296);
        if (high !== 0) state = mix(state + mix(high));
      }
      return state;
    };
    [this.#a, this.#b, this.#c] = [draw(), draw(), draw()];
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** sfc32 (Chris Doty-Humphrey's Small Fast Counter). */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Independent standard normal numbers. */
  normals(length: number): Float32Array {
    const numbers = new Float32Array(length);
    for (let i = 0; i < length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      numbers[i] = radius * Math.cos(angle);
      if (i + 1 < length) numbers[i + 1] = radius * Math.sin(angle);
    }
    return numbers;
  }
}
