export interface Bytes {
  readonly up: number;
  readonly down: number;
}

/** Bytes of masks, deltas and slices by client, since they were last written down. */
export class Traffic {
  private counts = new Map<string, { up: number; down: number }>();
  private readonly sum = { up: 0, down: 0 };

  add(client: string, direction: 'up' | 'down', bytes: number): void {
    const count = this.counts.get(client) ?? { up: 0, down: 0 };
    count[direction] += bytes;
    this.sum[direction] += bytes;
    this.counts.set(client, count);
  }

  of(client: string): Bytes {
    return this.counts.get(client) ?? { up: 0, down: 0 };
  }

  /** Since the process started. */
  get total(): Bytes {
    return this.sum;
  }

  take(): ReadonlyMap<string, Bytes> {
    const taken = this.counts;
    this.counts = new Map();
    return taken;
  }
}
