import { runInNewContext } from 'node:vm';

/** The work took longer than it may, and was ended. */
export class TimeUpError extends Error {
  override readonly name = 'TimeUpError';
}

/**
 * Does what strangers' data decide about, and ends it where it takes too long: loops and regular expressions alike. The
 * thread waits meanwhile.
 * @throws TimeUpError; what the work throws passes through
 */
export function withinTime<T>(milliseconds: number, work: () => T): T {
  try {
    return runInNewContext('work()', { work }, { timeout: milliseconds }) as T;
  } catch (error) {
    const isTimeUp = (error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    throw isTimeUp ? new TimeUpError(`it took more than ${milliseconds} ms`) : error;
  }
}
