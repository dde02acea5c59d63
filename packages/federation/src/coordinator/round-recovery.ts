import { ProtocolError } from '@perfit/protocol';
import { isEnded, presentIn, type RoundState, versionOf, withPresent } from '../round/round-state.ts';
import type { Logger, Spool } from './ports.ts';
import type { RoundSums } from './round-sums.ts';
import type { FederationStore } from './store.ts';

export interface RecoveryParts {
  readonly federation: string;
  readonly store: FederationStore;
  readonly spool: Spool;
  readonly logger: Logger;
  readonly sums: RoundSums;
}

/** What a recovery asks of the driver that it recovers. */
export interface Recoverable {
  readonly state: RoundState;
  /** The disk's state in place of the driver's. */
  take(state: RoundState): void;
  isHere(client: string): boolean;
  offer(client: string): Promise<void>;
  /** [RD4] The disk has lost what was accepted of these clients: it is asked for again. */
  lose(clients: readonly string[]): Promise<void>;
  /** A commit that stands closed without a try of its own to come. */
  commitIfOwed(): Promise<void>;
  endRound(round: number): Promise<void>;
  arm(): void;
}

/**
 * Takes a driver back to what is on disk: after a restart, and after its store has failed in a step. Whether that step is
 * on disk or not, only the disk knows.
 */
export class RoundRecovery {
  private readonly parts: RecoveryParts;
  private readonly driver: Recoverable;
  private needed = false;

  constructor(parts: RecoveryParts, driver: Recoverable) {
    this.parts = parts;
    this.driver = driver;
  }

  /** Nothing may be done on the driver's state before. */
  get isNeeded(): boolean {
    return this.needed;
  }

  need(): void {
    this.needed = true;
  }

  /** Where one is needed. @throws Error where the store fails still */
  async run(): Promise<void> {
    if (this.needed) await this.reload();
  }

  /** What nobody else would wake: a reload that is due, a commit that is owed. */
  async catchUp(): Promise<void> {
    await this.run();
    await this.driver.commitIfOwed();
    this.driver.arm();
  }

  private async reload(): Promise<void> {
    const { driver } = this;
    const state = await this.parts.store.state(this.parts.federation);
    if (!state) throw new ProtocolError('storage-failed', 'The federation cannot be read from the store.');
    const here = presentIn(driver.state).filter((client) => driver.isHere(client));
    driver.take(withPresent(state, here));
    // The effects of a step that was stored after all have not been run.
    if (isEnded(state)) {
      this.needed = false;
      return driver.endRound(versionOf(state) + 1);
    }
    await this.foldAgain();
    // Whoever asked for this may be refused: then nothing else would wake it.
    driver.arm();
    if (driver.state.state !== 'training') return;
    const { present, submitted } = driver.state;
    for (const client of present) if (!submitted.includes(client)) await driver.offer(client);
  }

  /** [RD4] Sums from the spool, in the order of acceptance. What the disk has lost is asked for again. */
  async foldAgain(): Promise<void> {
    const { federation, store, spool, logger, sums } = this.parts;
    const version = versionOf(this.driver.state);
    const round = version + 1;
    await spool.clear(version);
    const rows = await store.submissions(federation, [round]);
    await spool.keepOnly(
      round,
      rows.map((row) => row.client),
    );
    sums.drop();
    const lost: string[] = [];
    for (const row of rows) {
      // Outside of what follows: a database that fails is asked again, and nothing is lost by that.
      const opened = await sums.open(version);
      try {
        const { mask, values } = await sums.read(row);
        opened.add(mask, values, row.weight);
      } catch (error) {
        if (isShortage(error)) throw error;
        logger.error({ round, client: row.client, err: error }, 'a submission is lost');
        lost.push(row.client);
      }
    }
    // Not before: half of the sums would be taken for all of them.
    this.needed = false;
    if (lost.length > 0) await this.driver.lose(lost);
  }
}

/** Whether a file that could not be read may be there all the same: this process has run out of something. */
function isShortage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return ['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'ENOMEM'].includes(String(code));
}
