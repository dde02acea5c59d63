import type { SessionState } from '../../shared/session/session-state.ts';
import type { BackendChoice, EarlierSession, LedgerEntry, Seat } from '../engine-api.ts';
import { database, keyOf } from './database.ts';

/** What a seat was joined with, and how it went: enough to go on after a reload. */
export interface StoredSession {
  readonly options: {
    readonly name: string;
    readonly invite?: string;
    readonly dataset: { readonly name: string; readonly bytes: Uint8Array };
    readonly backend: BackendChoice;
    readonly threads?: number;
    readonly shareEvaluation: boolean;
    readonly maxDensity?: number;
  };
  readonly standing: EarlierSession['standing'];
  readonly session: SessionState;
  readonly ledger: readonly LedgerEntry[];
}

export async function loadSession(seat: Seat): Promise<StoredSession | null> {
  return (await (await database()).get('sessions', keyOf(seat))) ?? null;
}

export async function saveSession(seat: Seat, session: StoredSession): Promise<void> {
  await (await database()).put('sessions', session, keyOf(seat));
}

/** As the page is told. */
export function asEarlier({ options, standing, session }: StoredSession): EarlierSession {
  const { name, bytes } = options.dataset;
  return {
    name: options.name,
    dataset: { name, bytes: bytes.length },
    standing,
    round: session.rounds.at(-1)?.number ?? 0,
  };
}
