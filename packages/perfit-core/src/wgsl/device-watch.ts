import { BackendError } from '../backend-error.ts';

/** Some drivers tell a lack of memory as a loss. */
const lackOfMemory = /out.?of.?(?:(?:device|host|video).?)?memory/i;
/** A read may be refused before the loss that is its cause is told: so long it is waited for. */
const patienceMs = 500;

export interface WatchOptions {
  /** Bytes that are taken on the device; for the sentence where there are no more. */
  readonly bytesTaken: () => number;
  /** Called once, before anything that waits for the device hears of it. */
  readonly onFailure?: ((failure: BackendError) => void) | undefined;
}

/**
 * The health of one GPU device. Its first failure (a loss, no memory left, a program or call that it refused) ends its
 * use: whatever waits for it is told, whatever comes later is refused with the same error, and its memory is freed.
 */
export class DeviceWatch {
  readonly #device: GPUDevice;
  readonly #options: WatchOptions;
  readonly #waiting = new Set<(failure: BackendError) => void>();
  #failure: BackendError | null = null;

  /** The watch of the device that was started last; null before the first. */
  static latest: DeviceWatch | null = null;
  static readonly #watches = new WeakMap<GPUDevice, DeviceWatch>();

  private constructor(device: GPUDevice, options: WatchOptions) {
    this.#device = device;
    this.#options = options;
    // Whatever a device refuses computes nothing, silently.
    device.addEventListener('uncapturederror', (event) => this.#fail(refusal(event.error, options.bytesTaken())));
    void device.lost.then(({ reason, message }) => {
      // By this page, which has stopped to use it.
      if (reason !== 'destroyed') this.#fail(loss(message, options.bytesTaken()));
    });
  }

  static begin(device: GPUDevice, options: WatchOptions): DeviceWatch {
    const watch = new DeviceWatch(device, options);
    DeviceWatch.#watches.set(device, watch);
    DeviceWatch.latest = watch;
    return watch;
  }

  /** Null where nobody watches the device. */
  static of(device: GPUDevice): DeviceWatch | null {
    return DeviceWatch.#watches.get(device) ?? null;
  }

  get failure(): BackendError | null {
    return this.#failure;
  }

  /** @throws BackendError where the device has failed */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * What the device answers, or its failure: without this, a read of a lost device may wait for ever.
   * @throws BackendError where the device has failed, or fails before it has answered
   */
  async answer<T>(ask: () => Promise<T>): Promise<T> {
    this.check();
    let give: (failure: BackendError) => void = () => {};
    const failing = new Promise<never>((_, reject) => {
      give = reject;
    });
    this.#waiting.add(give);
    try {
      const answer = await Promise.race([ask(), failing]);
      this.check();
      return answer;
    } catch (error) {
      if (!this.#failure) await Promise.race([failing.catch(() => {}), wait(patienceMs)]);
      throw this.#failure ?? error;
    } finally {
      this.#waiting.delete(give);
    }
  }

  /** A buffer could not even be made. @returns the failure, to be thrown */
  noMemory(): BackendError {
    this.#fail(shortage(this.#options.bytesTaken()));
    return this.#failure as BackendError;
  }

  /** What happens where the driver takes the device away: no test can make it do so. */
  lose(message: string): void {
    this.#fail(loss(message, this.#options.bytesTaken()));
  }

  /** The device is no longer needed. */
  end(): void {
    this.#device.destroy();
  }

  #fail(failure: BackendError): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#options.onFailure?.(failure);
    for (const give of this.#waiting) give(failure);
    // Not at once: Dawn tells of errors while it holds the device's lock.
    setTimeout(() => this.end(), 0);
  }
}

function refusal(error: GPUError, bytesTaken: number): BackendError {
  return error instanceof GPUOutOfMemoryError
    ? shortage(bytesTaken)
    : new BackendError('device-program-refused', error.message);
}

function loss(message: string, bytesTaken: number): BackendError {
  if (lackOfMemory.test(message)) return shortage(bytesTaken);
  const detail = message.trim().replace(/[.\s]+$/, '');
  return new BackendError('device-lost', `the graphics device was lost${detail ? ` (${detail})` : ''}`);
}

function shortage(bytesTaken: number): BackendError {
  const taken = bytesTaken > 0 ? `: ${(bytesTaken / 2 ** 30).toPrecision(2)} GiB of it were taken` : '';
  return new BackendError('device-out-of-memory', `the graphics device has no memory left${taken}`);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
