import type { Seat } from './engine-api.ts';
import { keyOf } from './storage/database.ts';

/** After a reload the page before this one may hold the seat for a moment longer. */
const PATIENCE_MS = 2000;

export interface SeatLock {
  release(): void;
  /** Called where another tab takes the seat over. */
  onTaken(listener: () => void): void;
}

/**
 * One tab at a time works with a seat's key and record.
 * @param takeOver takes it from whichever tab has it
 * @returns null where another tab has it
 */
export async function lockSeat(seat: Seat, takeOver: boolean): Promise<SeatLock | null> {
  let isReleased = false;
  let taken: () => void = () => {};
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = () => {
      isReleased = true;
      resolve();
    };
  });
  return new Promise((resolve, reject) => {
    const options: LockOptions = takeOver ? { steal: true } : { signal: AbortSignal.timeout(PATIENCE_MS) };
    let isGranted = false;
    const lock: SeatLock = {
      release,
      onTaken: (listener) => {
        taken = listener;
      },
    };
    navigator.locks
      .request(`perfit seat ${keyOf(seat)}`, options, () => {
        isGranted = true;
        resolve(lock);
        return held;
      })
      .catch((error) => {
        if (isGranted) {
          if (!isReleased) taken();
        } else if (error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError')) {
          resolve(null);
        } else {
          reject(error);
        }
      });
  });
}
