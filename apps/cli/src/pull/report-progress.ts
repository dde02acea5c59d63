import { duration } from '../experiments/progress.ts';
import type { PullProgress } from './pull-model.ts';

const PAUSE_MS = 2_000;
const MEGABYTE = 1e6;

/** How far a pull is, in lines, at most one every two seconds: bytes, rate and time left. */
export function reportProgress(say: (line: string) => void, now: () => number): PullProgress {
  let [total, there, fetched] = [0, 0, 0];
  let current = '';
  let startedAt = now();
  let saidAt = startedAt;

  function tell(): void {
    if (now() - saidAt < PAUSE_MS) return;
    saidAt = now();
    const rate = fetched / ((saidAt - startedAt) / 1000);
    const left = rate > 0 ? `, about ${duration((total - there) / rate)} left` : '';
    say(`${current}: ${megabytes(there)} of ${megabytes(total)} MB, ${(rate / MEGABYTE).toFixed(1)} MB/s${left}`);
  }
  return {
    begin(bytes) {
      total = bytes;
      startedAt = now();
      saidAt = startedAt;
      say(`${megabytes(bytes)} MB in all`);
    },
    file(name) {
      current = name;
    },
    kept(bytes) {
      there += bytes;
      if (bytes > 0) say(`${current}: going on after ${megabytes(bytes)} MB`);
    },
    fetched(bytes) {
      there += bytes;
      fetched += bytes;
      tell();
    },
    restarted(bytes) {
      there -= bytes;
      say(`${current}: what was there is damaged, it comes again`);
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(bytes < 100 * MEGABYTE ? 1 : 0);
}
