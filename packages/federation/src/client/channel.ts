/** Values from several sources in one order, for one reader. What was pushed before the end is still read. */
export class Channel<T> implements AsyncIterable<T> {
  private readonly values: T[] = [];
  private isClosed = false;
  private wake: () => void = () => {};

  push(value: T): void {
    if (this.isClosed) return;
    this.values.push(value);
    this.wake();
  }

  close(): void {
    this.isClosed = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.values.length > 0) yield this.values.shift() as T;
      if (this.isClosed) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
