import type { ClientEvent } from '../client/client-event.ts';
import type { Conclusion } from '../client/conclusion.ts';

/** What a round was to one client. */
export interface SimulatedRound {
  readonly client: string;
  readonly round: number;
  readonly perplexity: {
    readonly base: number;
    readonly received: number;
    readonly tuned: number;
    /** Of what the client would start one more round from: with its last counted round only. */
    readonly after?: number;
  };
  /** The same on the client's validation rows, where it has some. */
  readonly validation?: { readonly received: number; readonly tuned: number; readonly after?: number };
  /** How many numbers it trained: its mask's. */
  readonly trainable: number;
  /** Contents of masks, deltas and slices, as encoded. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** From the offer to the answer, searching and evaluating included. */
  readonly seconds: number;
  /** False where it came too late or was refused. */
  readonly isCounted: boolean;
  /** [PF9] What the client chose to keep: with its last row only. */
  readonly conclusion?: Conclusion;
}

type Draft = {
  perplexity: { base?: number; received?: number; tuned?: number };
  validation: { received?: number; tuned?: number };
  trainable: number;
  bytesUp: number;
  bytesDown: number;
  startedAt: number;
  seconds: number;
  isCounted: boolean;
};

/** Gathers what the clients' events and bytes say of each round. */
export class RoundRecords {
  private readonly drafts = new Map<string, Draft>();
  private readonly current = new Map<string, number>();
  private readonly conclusions = new Map<string, Conclusion>();
  private readonly stopwatch: () => number;

  constructor(stopwatch: () => number) {
    this.stopwatch = stopwatch;
  }

  addBytes(of: { client: string; round: number }, direction: 'up' | 'down', bytes: number): void {
    const draft = this.draft(of.client, of.round);
    if (direction === 'up') draft.bytesUp += bytes;
    else draft.bytesDown += bytes;
  }

  take(client: string, event: ClientEvent): void {
    if (event.type === 'round-started') {
      this.current.set(client, event.round);
      this.draft(client, event.round).startedAt = this.stopwatch();
      return;
    }
    if (event.type === 'conclusion') {
      const { type: _, ...conclusion } = event;
      this.conclusions.set(client, conclusion);
      return;
    }
    const round = this.current.get(client);
    if (round === undefined) return;
    const draft = this.draft(client, round);
    switch (event.type) {
      case 'mask':
        draft.trainable = event.kept;
        return;
      case 'perplexity':
        draft.perplexity[event.of] = event.value;
        return;
      case 'validation':
        draft.validation[event.of] = event.value;
        return;
      case 'submitted':
        draft.isCounted = true;
        draft.seconds += (this.stopwatch() - draft.startedAt) / 1000;
        return;
      case 'problem':
        draft.seconds += (this.stopwatch() - draft.startedAt) / 1000;
        return;
      default:
        return;
    }
  }

  finished(clients: readonly string[]): SimulatedRound[] {
    const rows: SimulatedRound[] = [];
    const last = Math.max(0, ...[...this.drafts.keys()].map((key) => Number(key.slice(0, key.indexOf(' ')))));
    for (let round = 1; round <= last; round++) {
      for (const client of clients) {
        const draft = this.drafts.get(keyOf(client, round));
        const { base, received, tuned } = draft?.perplexity ?? {};
        if (!draft || base === undefined || received === undefined || tuned === undefined) continue;
        const { trainable, bytesUp, bytesDown, seconds, isCounted } = draft;
        const perplexity = { base, received, tuned };
        const row = { client, round, perplexity, trainable, bytesUp, bytesDown, seconds, isCounted };
        const { received: before, tuned: afterwards } = draft.validation;
        const isValidated = before !== undefined && afterwards !== undefined;
        rows.push({ ...row, ...(isValidated ? { validation: { received: before, tuned: afterwards } } : {}) });
      }
    }
    return rows.map((row, i) => {
      const isLast = rows.findLastIndex(({ client }) => client === row.client) === i;
      return isLast ? this.concluded(row) : row;
    });
  }

  /** With what came after the client's last round. */
  private concluded(row: SimulatedRound): SimulatedRound {
    const conclusion = this.conclusions.get(row.client);
    if (!conclusion) return row;
    const fetched = this.drafts.get(keyOf(row.client, row.round + 1))?.bytesDown ?? 0;
    return { ...row, bytesDown: row.bytesDown + fetched, conclusion };
  }

  private draft(client: string, round: number): Draft {
    const key = keyOf(client, round);
    const known = this.drafts.get(key);
    if (known) return known;
    const draft: Draft = {
      perplexity: {},
      validation: {},
      trainable: 0,
      bytesUp: 0,
      bytesDown: 0,
      startedAt: this.stopwatch(),
      seconds: 0,
      isCounted: false,
    };
    this.drafts.set(key, draft);
    return draft;
  }
}

function keyOf(client: string, round: number): string {
  return `${round} ${client}`;
}
