import type { LedgerApi } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { outcomeOf } from '../failures.ts';
import { loadContent, loadLedger } from '../storage/ledger-store.ts';
import type { LedgerStore } from './ledger-store.ts';
import { readTransfer, verifyLedger } from './read-ledger.ts';

/** See {@link LedgerApi}. @param ledgerOf the one that a seat's run in this tab writes, if there is one */
export function ledgerService(ledgerOf: (seat: Seat) => LedgerStore | null): LedgerApi {
  /** What is read was written a moment ago, perhaps. */
  const reading = <T>(seat: Seat, read: () => Promise<T>) =>
    outcomeOf(async () => {
      await ledgerOf(seat)?.settle();
      return read();
    });
  return {
    ledger: (seat) => reading(seat, () => loadLedger(seat)),
    ledgerContent: (seat, id) => reading(seat, async () => ({ bytes: await loadContent(seat, id) })),
    ledgerTransfer: (seat, id) => reading(seat, () => readTransfer(seat, id)),
    verifyLedger: (seat, onProgress) => reading(seat, () => verifyLedger(seat, onProgress)),
  };
}
