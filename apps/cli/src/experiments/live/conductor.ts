import type { Faults } from '@perfit/federation';

/**
 * Where a client stands in the attempt under way. `working` is also who will soon hear of it; `away` and `late` are what
 * a fault has made of it, until the attempt is over.
 */
type Standing = 'working' | 'submitted' | 'gave-up' | 'away' | 'late' | 'gone';

export interface ConductorParts {
  readonly clients: readonly string[];
  /** [RD2] So many submissions close a round without anybody's help. */
  readonly goal: number;
  readonly faults: Faults;
  /** Moves the coordinator's clock behind the deadline of the attempt under way. */
  readonly passDeadline: () => void;
}

/**
 * Lets faults strike, and lets the deadline pass when nobody is left who could do something before it: what the simulated
 * coordinator does with its own time, here from outside, by what the clients hear and say. Nobody ever waits for a clock,
 * and no deadline passes because this machine is slow.
 */
export class Conductor {
  private readonly parts: ConductorParts;
  private readonly standings: Map<string, Standing>;
  private readonly released = new Map<string, () => void>();
  private current = { round: 0, attempt: 0, isOver: true };

  constructor(parts: ConductorParts) {
    this.parts = parts;
    this.standings = new Map(parts.clients.map((client) => [client, 'working']));
  }

  /** @returns false where the client drops out instead of hearing of it */
  offered(client: string, { round, attempt }: { round: number; attempt: number }): boolean {
    const { current } = this;
    if (round > current.round || (round === current.round && attempt > current.attempt)) this.begin(round, attempt);
    if (attempt === 1 && this.parts.faults.strikes(client, round, 'dropout')) {
      this.stand(client, 'away');
      return false;
    }
    // What failed in itself fails again in a repeat; what was submitted and is offered again was discarded.
    this.stand(client, this.standings.get(client) === 'gave-up' ? 'gave-up' : 'working');
    return true;
  }

  /** Before a delta is announced. @returns whether it must wait until it is too late */
  isLate(client: string, { round, attempt }: { round: number; attempt: number }): boolean {
    const isLate = attempt === 1 && this.parts.faults.strikes(client, round, 'straggler') && this.isUnderWay(round);
    if (isLate) this.stand(client, 'late');
    return isLate;
  }

  /** Resolves when the attempt is over in which the client is away or late. @throws the signal's reason */
  async attemptOver(client: string, signal: AbortSignal): Promise<void> {
    const standing = this.standings.get(client);
    if (standing !== 'away' && standing !== 'late') return;
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      this.released.set(client, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
    });
  }

  submitted(client: string, round: number): void {
    if (round === this.current.round) this.stand(client, 'submitted');
  }

  gaveUp(client: string, round: number): void {
    if (round === this.current.round) this.stand(client, 'gave-up');
  }

  gone(client: string): void {
    this.stand(client, 'gone');
  }

  /** The coordinator says so, to any client. */
  closed({ round, attempt }: { round: number; attempt: number }): void {
    if (round === this.current.round && attempt === this.current.attempt) this.end();
  }

  private begin(round: number, attempt: number): void {
    this.end();
    const isRepeat = round === this.current.round;
    this.current = { round, attempt, isOver: false };
    if (isRepeat) return;
    for (const [client, standing] of this.standings) if (standing !== 'gone') this.standings.set(client, 'working');
  }

  private stand(client: string, standing: Standing): void {
    this.standings.set(client, standing);
    if (this.current.isOver) return;
    const all = [...this.standings.values()];
    const isStuck = !all.includes('working') && all.some((one) => one !== 'gone');
    // At its goal the round closes by itself, and the next one has a deadline that must not pass.
    if (!isStuck || all.filter((one) => one === 'submitted').length >= this.parts.goal) return;
    this.parts.passDeadline();
    this.end();
  }

  private end(): void {
    this.current.isOver = true;
    for (const [client, standing] of this.standings) {
      if (standing !== 'away' && standing !== 'late') continue;
      this.standings.set(client, 'working');
      this.released.get(client)?.();
      this.released.delete(client);
    }
  }

  private isUnderWay(round: number): boolean {
    return round === this.current.round && !this.current.isOver;
  }
}
