/** Runs asynchronous work one piece after another, in the order in which it came. */
export class SerialQueue {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work, work);
    this.tail = result.catch(() => {});
    return result;
  }

  /** Resolves when everything that was asked for until now is done. */
  async idle(): Promise<void> {
    await this.tail;
  }
}
