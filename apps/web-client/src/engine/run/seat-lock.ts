import { FailureError } from '../../contract/failure.ts';
import type { Seat } from '../../contract/run-api.ts';
import { keyOf } from '../storage/database.ts';

/** After a reload the page before this one may hold the seat for a moment longer. */
const PATIENCE_MS = 2000;
const PREFIX = 'perfit seat ';

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
      .request(PREFIX + keyOf(seat), options, () => {
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

/** Keys of the seats that tabs are at work with. */
export async function heldSeats(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])));
}

/**
 * Runs where nobody is at work with any of the seats, and keeps everybody from them meanwhile.
 * @param keys of seats @throws FailureError `other-tab`
 */
export async function withFreeSeats<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
  const [key, ...others] = keys;
  if (key === undefined) return work();
  const result = await navigator.locks.request(PREFIX + key, { ifAvailable: true }, (lock) => {
    if (lock) return withFreeSeats(others, work);
    throw new FailureError({
      code: 'other-tab',
      message: `Another tab of this browser is at work in the federation ${key.split('/')[0]}. Leave it there, or close that tab, and delete then.`,
    });
  });
  return result as T;
}
