// A small seeded random generator for drawing scenes; the same seed gives the same world on every machine.
// Not for diffusion noise, which has to agree with other programs bit by bit.

export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer in [0, count). */
  below(count: number): number;
  chance(probability: number): boolean;
  /** One of a non-empty list. */
  pick<T>(items: readonly T[]): T;
}

/** Mixes 32 bits so that neighbouring inputs give unrelated outputs (the finaliser of MurmurHash3). */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of a text, 32 bits (FNV-1a, then mixed). */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h);
}

/** A generator for item `index` of the sequence `seed`; both are integers, and items do not depend on each other. */
export function createRng(seed: number, index = 0): Rng {
  // The Weyl step of mulberry32 passes through all 2³² states, whatever the start.
  let state = mix32(seed) ^ mix32(Math.imul(index, 0x9e3779b1) + 0x7f4a7c15);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return over(next);
}

/** Not random: every draw gives the same share `t` in [0, 1) of its range, for drawings without chance. */
export function steadyRng(t: number): Rng {
  return over(() => t);
}

function over(next: () => number): Rng {
  const below = (count: number): number => Math.floor(next() * count);
  return {
    next,
    below,
    between: (low, high) => low + (high - low) * next(),
    chance: (probability) => next() < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('pick: the list is empty');
      return items[below(items.length)]!;
    },
  };
}
