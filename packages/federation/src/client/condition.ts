/** Something may have changed: those who wait look again. */
export class Condition {
  private readonly waiting = new Set<() => void>();

  changed(): void {
    for (const look of this.waiting) look();
  }

  /** Resolves as soon as `holds` gives a value. @throws the signal's reason */
  until<T>(holds: () => T | null, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.waiting.delete(look);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = () => {
        stop();
        reject(signal.reason);
      };
      const look = () => {
        const value = holds();
        if (value === null) return;
        stop();
        resolve(value);
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      this.waiting.add(look);
      look();
    });
  }
}
