import type { ModelDimensions } from '@perfit/protocol/space';
import type { BackendChoice } from '../../contract/device-api.ts';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { EarlierSession, RecordedConsent, Seat } from '../../contract/run-api.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import type { ReadFile } from '../text/local-data.ts';
import { database, keyOf } from './database.ts';

/** A person's text, with what they said of its columns. */
interface StoredDataset {
  readonly name: string;
  readonly files: readonly ReadFile[];
  /** Of its examples so many at most; absent is all. */
  readonly most?: number;
}

/** As it was kept when a text was one file. */
interface OneFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** As messages were kept before they had a store of their own. */
export type OlderEntry = Pick<LedgerEntry, 'at' | 'direction' | 'kind' | 'bytes'>;

/** What a seat was joined with, and how it went: enough to go on after a reload. */
export interface StoredSession {
  readonly options: {
    readonly name: string;
    readonly invite?: string;
    readonly dataset: StoredDataset;
    readonly backend: BackendChoice;
    readonly threads?: number;
    readonly shareEvaluation: boolean;
    readonly maxDensity?: number;
    readonly compare?: boolean;
  };
  /** Absent in sessions from before anybody was asked. */
  readonly consent?: RecordedConsent;
  readonly standing: EarlierSession['standing'];
  readonly session: SessionState;
  /** Of the base model: with the federation's settings it gives the layout. Absent before the model was loaded. */
  readonly dimensions?: ModelDimensions;
  /** Where an earlier version of this page kept it: {@link LedgerStore} takes it over. */
  readonly ledger?: readonly OlderEntry[];
}

export async function loadSession(seat: Seat): Promise<StoredSession | null> {
  const stored = await (await database()).get('sessions', keyOf(seat));
  return stored ? withFiles(stored) : null;
}

/** A session that an earlier version of this page kept, as this one does. */
export function withFiles(stored: StoredSession): StoredSession {
  const dataset = stored.options.dataset as StoredDataset | OneFile;
  if (!('bytes' in dataset)) return stored;
  return { ...stored, options: { ...stored.options, dataset: { name: dataset.name, files: [dataset] } } };
}

export async function saveSession(seat: Seat, session: StoredSession): Promise<void> {
  await (await database()).put('sessions', session, keyOf(seat));
}

/** As the page is told. */
export function asEarlier({ options, consent, standing, session }: StoredSession): EarlierSession {
  const { name, files } = options.dataset;
  return {
    name: options.name,
    dataset: { name, bytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0) },
    standing,
    round: session.rounds.at(-1)?.number ?? 0,
    ...(consent ? { consent } : {}),
  };
}
