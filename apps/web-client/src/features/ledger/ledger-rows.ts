import type { LedgerEntry } from '../../contract/ledger-api.ts';

type Direction = LedgerEntry['direction'];

/** A line of the ledger: one message, or all messages of one upload or download. */
export interface LedgerRow {
  /** Of its first entry. */
  readonly id: number;
  readonly at: number;
  /** Which way the matter itself went; answers go the other way. */
  readonly direction: Direction;
  /** A message's name, or what was transferred. */
  readonly kind: string;
  readonly round: number | null;
  /** Of the messages in its direction. */
  readonly bytes: number;
  /** The message's, or of what was transferred. */
  readonly sha256: string | null;
  readonly isTransfer: boolean;
  readonly entries: readonly LedgerEntry[];
}

export interface LedgerFilter {
  readonly direction: Direction | 'both';
  /** Null is all of them. */
  readonly kind: string | null;
}

export interface Total {
  readonly messages: number;
  readonly up: number;
  readonly down: number;
}

/** The latest first. @param entries ascending */
export function rowsOf(entries: readonly LedgerEntry[]): LedgerRow[] {
  const groups = new Map<number, LedgerEntry[]>();
  for (const entry of entries) {
    const id = entry.transfer?.of ?? entry.id;
    const group = groups.get(id);
    if (group) group.push(entry);
    else groups.set(id, [entry]);
  }
  return [...groups.values()].map(rowOf).reverse();
}

function rowOf(entries: readonly LedgerEntry[]): LedgerRow {
  const first = entries[0] as LedgerEntry;
  const { id, at, round, transfer } = first;
  if (!transfer) {
    const { direction, kind, bytes, sha256 } = first;
    return { id, at, direction, kind, round, bytes, sha256, isTransfer: false, entries };
  }
  const direction = transfer.what === 'mask' || transfer.what === 'delta' ? 'up' : 'down';
  return {
    id,
    at,
    direction,
    kind: transfer.what,
    round,
    bytes: bytesOf(entries, direction),
    sha256: entries.find((entry) => entry.transfer?.sha256)?.transfer?.sha256 ?? null,
    isTransfer: true,
    entries,
  };
}

/** Messages that carry a piece of it. */
export function piecesOf({ entries, direction, isTransfer }: LedgerRow): number {
  if (!isTransfer) return 1;
  return entries.filter((entry) => entry.direction === direction && entry.transfer?.offset != null).length;
}

export function filtered(rows: readonly LedgerRow[], { direction, kind }: LedgerFilter): LedgerRow[] {
  return rows.filter(
    (row) => (direction === 'both' || row.direction === direction) && (kind === null || row.kind === kind),
  );
}

/** In the order of their first coming. */
export function totalsByKind(rows: readonly LedgerRow[]): Map<string, Total> {
  return totalsBy(rows.toReversed(), ({ kind }) => kind);
}

/** Ascending; null is before the first round. */
export function totalsByRound(rows: readonly LedgerRow[]): Map<number | null, Total> {
  const byRound = totalsBy(rows, ({ round }) => round);
  return new Map([...byRound].sort(([a], [b]) => (a ?? 0) - (b ?? 0)));
}

function totalsBy<K>(rows: readonly LedgerRow[], keyOf: (row: LedgerRow) => K): Map<K, Total> {
  const totals = new Map<K, Total>();
  for (const row of rows) {
    const known = totals.get(keyOf(row)) ?? { messages: 0, up: 0, down: 0 };
    totals.set(keyOf(row), {
      messages: known.messages + row.entries.length,
      up: known.up + bytesOf(row.entries, 'up'),
      down: known.down + bytesOf(row.entries, 'down'),
    });
  }
  return totals;
}

function bytesOf(entries: readonly LedgerEntry[], direction: Direction): number {
  return entries.reduce((sum, entry) => (entry.direction === direction ? sum + entry.bytes : sum), 0);
}
