import type { TunedAdapter, TuningProgress, TuningStart } from '@perfit/protocol/tuner';
import { mean } from './tune.ts';

/** What must be known of a tuning to take it up again and tell of it as if nothing had happened. */
export class TuningLog {
  #start: TuningStart;
  #step = 0;
  #epoch = 0;
  #losses: number[] = [];

  constructor(start: TuningStart) {
    this.#start = start;
  }

  /** With the last checkpoint. */
  get start(): TuningStart {
    return this.#start;
  }

  /** @returns what is to be told: null for a step that was told before */
  note(progress: TuningProgress): TuningProgress | null {
    if (progress.kind === 'checkpoint') {
      this.#start = { ...this.#start, checkpoint: progress.checkpoint };
      return progress;
    }
    if (progress.step <= this.#step) return null;
    this.#step = progress.step;
    if (progress.epoch !== this.#epoch) this.#losses = [];
    this.#epoch = progress.epoch;
    this.#losses.push(progress.loss);
    return progress;
  }

  /** A run that took up in the middle of the last epoch knows only half of its losses. */
  completed(result: TunedAdapter): TunedAdapter {
    return this.#losses.length > 0 ? { ...result, loss: mean(this.#losses) } : result;
  }
}
