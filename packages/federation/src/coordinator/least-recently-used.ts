/** Keeps what was used last, as long as all of it together is not heavier than `capacity`. */
export class LeastRecentlyUsed<V> {
  private readonly entries = new Map<string, { value: V; weight: number }>();
  private readonly capacity: number;
  private total = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  delete(key: string): void {
    this.total -= this.entries.get(key)?.weight ?? 0;
    this.entries.delete(key);
  }

  set(key: string, value: V, weight: number): void {
    this.total += weight - (this.entries.get(key)?.weight ?? 0);
    this.entries.delete(key);
    this.entries.set(key, { value, weight });
    for (const [oldest, entry] of this.entries) {
      if (this.total <= this.capacity || this.entries.size === 1) return;
      this.entries.delete(oldest);
      this.total -= entry.weight;
    }
  }
}
