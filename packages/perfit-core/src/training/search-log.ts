import type { SearchProgress, SearchStart } from '@perfit/protocol/tuner';

/** What must be known of a search to take it up again and tell of it as if nothing had happened. */
export class SearchLog {
  #start: SearchStart;
  #step = 0;
  #iteration = 0;

  constructor(start: SearchStart) {
    this.#start = start;
  }

  /** With the last checkpoint. */
  get start(): SearchStart {
    return this.#start;
  }

  /** The end of a sentence: what the search goes on from. */
  get from(): string {
    const { checkpoint } = this.#start;
    if (checkpoint?.part === 'pruning') return 'with the search';
    return `from step ${checkpoint?.tuning.step ?? 0}`;
  }

  /** @returns what is to be told: null for a step that was told before */
  note(progress: SearchProgress): SearchProgress | null {
    switch (progress.kind) {
      case 'checkpoint':
        this.#start = { ...this.#start, checkpoint: progress.checkpoint };
        return progress;
      case 'warmup':
        if (progress.step <= this.#step) return null;
        this.#step = progress.step;
        return progress;
      case 'prune':
        if (progress.iteration <= this.#iteration) return null;
        this.#iteration = progress.iteration;
        return progress;
    }
  }
}
