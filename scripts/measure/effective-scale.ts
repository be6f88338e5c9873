// Which guidance scale a student's velocity amounts to, where its teacher's two branches are known: v ≈ v_∅ + γ̂(v_c − v_∅).

/** Sums over any number of velocities. */
export class EffectiveScale {
  #along = 0;
  #direction = 0;
  #error = 0;
  #count = 0;

  /** Arrays of one length: the student's velocity, the teacher's of both branches, and what the student should have said. */
  add({ velocity, conditional, unconditional, target }: Readonly<Record<'velocity' | 'conditional' | 'unconditional' | 'target', Float32Array>>): void {
    for (let i = 0; i < velocity.length; i++) {
      const direction = conditional[i]! - unconditional[i]!;
      this.#along += (velocity[i]! - unconditional[i]!) * direction;
      this.#direction += direction ** 2;
      this.#error += (velocity[i]! - target[i]!) ** 2;
    }
    this.#count += velocity.length;
  }

  /** γ̂, by least squares; NaN where the branches never differ. */
  get scale(): number {
    return this.#direction === 0 ? NaN : this.#along / this.#direction;
  }

  /** Mean square of velocity − target. */
  get error(): number {
    return this.#error / this.#count;
  }

  /** Mean square of v_c − v_∅, against which an error is to be seen. */
  get gap(): number {
    return this.#direction / this.#count;
  }
}
