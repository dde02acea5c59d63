import type { Cell } from './experiment.ts';

const PAUSE_MS = 5_000;

/** What a cell does at the moment, for people. */
export interface At {
  readonly client: string;
  /** Where it is known. */
  readonly round?: number;
}

type Sized = Pick<Cell, 'strategy' | 'seed' | 'work'> & { readonly config: { schedule: { rounds: number } } };

/** How far an experiment is, in lines on standard error: the rate of the work done so far tells what is left. */
export class ExperimentProgress {
  private readonly cells: readonly Sized[];
  private readonly say: (line: string) => void;
  private readonly now: () => number;
  private readonly total: number;
  private readonly startedAt: number;
  /** Of work, as it was measured before the first cell; null where nobody has. */
  private readonly secondsPerBatch: number | null;
  private readonly atOnce: number;
  private done = 0;
  private readonly current = new Map<number, { done: number; rounds: Map<string, number> }>();
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    cells: readonly Sized[],
    of: {
      readonly say: (line: string) => void;
      readonly now: () => number;
      readonly secondsPerBatch?: number;
      /** How many cells are run at once; one where absent. */
      readonly atOnce?: number;
    },
  ) {
    this.cells = cells;
    this.say = of.say;
    this.now = of.now;
    this.secondsPerBatch = of.secondsPerBatch ?? null;
    this.atOnce = of.atOnce ?? 1;
    this.total = cells.reduce((sum, cell) => sum + cell.work, 0);
    this.startedAt = of.now();
  }

  /** Says what it will cost, where that can be known. */
  begin(index: number): void {
    this.current.set(index, { done: 0, rounds: new Map() });
    const seconds = this.secondsOf((this.cells[index] as Sized).work);
    if (seconds !== null) this.say(`${this.nameAt(index)}: about ${duration(seconds)}`);
  }

  /** Said at most every five seconds. */
  work(index: number, done: number, at: At): void {
    const current = this.current.get(index);
    if (!current) return;
    // No cell counts for more than it was thought to be.
    const cell = this.cells[index] as Sized;
    const more = Math.min(done, cell.work - current.done);
    current.done += more;
    this.done += more;
    if (at.round !== undefined) current.rounds.set(at.client, at.round);
    if (this.now() - this.saidAt < PAUSE_MS) return;
    this.saidAt = this.now();
    const round = current.rounds.get(at.client) ?? 1;
    const where = `${this.nameAt(index)}: round ${round}/${cell.config.schedule.rounds}, ${at.client}`;
    this.say(`${where} · ${Math.floor((100 * this.done) / this.total)} %${this.left()}`);
  }

  /** The cell is finished, whatever it was thought to be. */
  end(index: number): void {
    const current = this.current.get(index);
    if (!current) return;
    this.done += (this.cells[index] as Sized).work - current.done;
    this.current.delete(index);
  }

  private nameAt(index: number): string {
    return `[${index + 1}/${this.cells.length}] ${nameOf(this.cells[index] as Sized)}`;
  }

  /** One cell's, by what was done so far, or else by what was measured before. */
  private secondsOf(work: number): number | null {
    if (this.done > this.total / 50) return (this.elapsed / this.done) * work * this.atOnce;
    return this.secondsPerBatch === null ? null : this.secondsPerBatch * work;
  }

  private get elapsed(): number {
    return (this.now() - this.startedAt) / 1000;
  }

  private left(): string {
    // The first batches make the backend ready, and say nothing about the others.
    if (this.done < this.total / 50) return '';
    return `, about ${duration((this.elapsed / this.done) * (this.total - this.done))} left`;
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
