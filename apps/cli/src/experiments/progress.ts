import type { ClientEvent } from '@perfit/federation';
import type { Cell } from './experiment.ts';

const PAUSE_MS = 5_000;

/** How far an experiment is, in lines on standard error: the rate of the work done so far tells what is left. */
export class ExperimentProgress {
  private readonly cells: readonly Cell[];
  private readonly say: (line: string) => void;
  private readonly now: () => number;
  private readonly total: number;
  private readonly startedAt: number;
  private done = 0;
  private current = { index: 0, done: 0 };
  private rounds = new Map<string, number>();
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(cells: readonly Cell[], say: (line: string) => void, now: () => number) {
    this.cells = cells;
    this.say = say;
    this.now = now;
    this.total = cells.reduce((sum, cell) => sum + cell.work, 0);
    this.startedAt = now();
  }

  begin(index: number): void {
    this.current = { index, done: 0 };
    this.rounds = new Map();
  }

  /** Said at most every five seconds. */
  work(done: number, client: string, event: ClientEvent): void {
    // No cell counts for more than it was thought to be.
    const cell = this.cells[this.current.index] as Cell;
    const more = Math.min(done, cell.work - this.current.done);
    this.current.done += more;
    this.done += more;
    if (event.type === 'round-started') this.rounds.set(client, event.round);
    if (this.now() - this.saidAt < PAUSE_MS) return;
    this.saidAt = this.now();
    const { index } = this.current;
    const where = `[${index + 1}/${this.cells.length}] ${nameOf(cell)}: round ${this.rounds.get(client) ?? 1}/${cell.config.schedule.rounds}, ${client}`;
    this.say(`${where} · ${Math.floor((100 * this.done) / this.total)} %${this.left()}`);
  }

  /** The cell is finished, whatever it was thought to be. */
  end(): void {
    this.done += (this.cells[this.current.index] as Cell).work - this.current.done;
  }

  private left(): string {
    const elapsed = (this.now() - this.startedAt) / 1000;
    // The first batches make the backend ready, and say nothing about the others.
    if (this.done < this.total / 50) return '';
    return `, about ${duration((elapsed / this.done) * (this.total - this.done))} left`;
  }
}

export function nameOf({ strategy, seed }: Pick<Cell, 'strategy' | 'seed'>): string {
  return `${strategy.name}${strategy.setting === 'default' ? '' : ` (${strategy.setting})`}, seed ${seed}`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
