/** What a step takes and gives back, of a device. */
export interface StepMemory {
  /** @param numbers of four bytes each   @returns them, to be given back */
  take(numbers: number): number;
  give(...buffers: number[]): void;
  /** Bytes that there ever had to be at once. */
  readonly peak: number;
}

/** What is given back serves every size. */
export class Heap implements StepMemory {
  #live = 0;
  #most = 0;

  take(numbers: number): number {
    this.#live += numbers;
    this.#most = Math.max(this.#most, this.#live);
    return numbers;
  }

  give(...buffers: number[]): void {
    for (const numbers of buffers) this.#live -= numbers;
  }

  get peak(): number {
    return 4 * this.#most;
  }
}

/** Buffers by size, as tfjs' pool keeps them: one that is given back serves the same size again, and no other. */
export class BufferPool implements StepMemory {
  readonly #live = new Map<number, number>();
  readonly #most = new Map<number, number>();

  /** @param numbers of four bytes each */
  take(numbers: number): number {
    const live = (this.#live.get(numbers) ?? 0) + 1;
    this.#live.set(numbers, live);
    this.#most.set(numbers, Math.max(live, this.#most.get(numbers) ?? 0));
    return numbers;
  }

  give(...buffers: number[]): void {
    for (const numbers of buffers) this.#live.set(numbers, (this.#live.get(numbers) ?? 0) - 1);
  }

  /** Bytes of all buffers that there ever had to be at once, size by size. */
  get peak(): number {
    let bytes = 0;
    for (const [numbers, count] of this.#most) bytes += 4 * numbers * count;
    return bytes;
  }
}
