import type { HistoryEntry } from '../../contract/history-api.ts';

/** What a person knows an entry by. */
export function nameOf(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'session':
      return entry.federation;
    case 'begun':
      return entry.seat.federation;
    case 'unreadable':
      return entry.key.replace(/\/$/, '');
  }
}
