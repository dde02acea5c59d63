import type { ModelProgress } from '../../contract/models-api.ts';

/** Long enough to be steady, short enough to follow a connection that changes. */
const WINDOW_MS = 5000;

/** Makes of bytes as they come a progress with rate and time left. */
export class ProgressMeter {
  readonly #now: () => number;
  readonly #samples: { at: number; bytes: number }[] = [];
  #fetched = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Bytes that came from where the model is. */
  addFetched(bytes: number): void {
    this.#fetched += bytes;
  }

  /** @param bytes of the weights that have been loaded by now */
  at(bytes: number, total: number): ModelProgress {
    const at = this.#now();
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > WINDOW_MS) this.#samples.shift();
    const [first] = this.#samples;
    const elapsed = first ? at - first.at : 0;
    const bytesPerSecond =
      first && elapsed > 0 && bytes > first.bytes ? (1000 * (bytes - first.bytes)) / elapsed : null;
    const secondsLeft = bytesPerSecond === null ? null : (total - bytes) / bytesPerSecond;
    return { bytes, total, fetched: Math.min(this.#fetched, bytes), bytesPerSecond, secondsLeft };
  }
}
