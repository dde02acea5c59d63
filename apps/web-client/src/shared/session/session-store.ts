import { create } from 'zustand';
import type { TimedEvent } from '../../contract/engine-event.ts';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import { foldEvents } from '../../contract/session/fold-event.ts';
import { emptySession, type SessionState } from '../../contract/session/session-state.ts';

interface SessionStore {
  readonly session: SessionState;
  readonly ledger: readonly LedgerEntry[];
  take(events: readonly TimedEvent[]): void;
  reset(): void;
}

/** What the page knows of the session: nothing but the folded events of the worker. */
export const useSession = create<SessionStore>()((set) => ({
  session: emptySession,
  ledger: [],
  take: (events) =>
    set(({ session, ledger }) => ({
      session: foldEvents(session, events),
      ledger: events.reduce(foldLedger, ledger),
    })),
  reset: () => set({ session: emptySession, ledger: [] }),
}));

function foldLedger(ledger: readonly LedgerEntry[], { event }: TimedEvent): readonly LedgerEntry[] {
  if (event.type === 'restored') return event.ledger;
  return event.type === 'ledger' ? [...ledger, ...event.entries] : ledger;
}
