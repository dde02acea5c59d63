import type { LedgerEntry } from '../../contract/ledger-api.ts';

/** The ledger as JSONL: a line for each message, the earliest first. */
export function ledgerFile(entries: readonly LedgerEntry[]): Uint8Array {
  const lines = entries.map(({ id: _, at, textBytes, transfer, ...entry }) =>
    JSON.stringify({
      at: new Date(at).toISOString(),
      ...entry,
      textBytes,
      ...(transfer
        ? { part: { what: transfer.what, offset: transfer.offset, of: transfer.total, sha256: transfer.sha256 } }
        : {}),
    }),
  );
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
}

/** For a person's downloads: "ledger-delta-round-3.bin". */
export function fileName(kind: string, round: number | null, suffix: string): string {
  return `ledger-${kind}${round === null ? '' : `-round-${round}`}.${suffix}`;
}
