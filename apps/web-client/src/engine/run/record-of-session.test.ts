import { emptySessionRecord, sessionRecordSchema } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../contract/engine-event.ts';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import { foldEvents } from '../../contract/session/fold-event.ts';
import { emptySession } from '../../contract/session/session-state.ts';
import { recordOfSession } from './record-of-session.ts';

const message = { sha256: null, textBytes: 0, round: null, transfer: null };
const ledger: LedgerEntry[] = [
  { ...message, id: 1, at: Date.UTC(2026, 10, 22, 9), direction: 'up', kind: 'hello', bytes: 212 },
  { ...message, id: 2, at: Date.UTC(2026, 10, 22, 9), direction: 'down', kind: 'fetch', bytes: 4_000_000 },
];
const events: EngineEvent[] = [
  { type: 'started', name: 'Ada', federation: 'village' },
  { type: 'device', backend: 'wasm', description: 'one thread', reason: 'r' },
  { type: 'examples', training: 60, heldOut: 15, question: null },
  { type: 'ledger', entries: ledger },
  { type: 'round-started', round: 1, attempt: 1, deadlineMs: 1 },
  { type: 'mask', round: 1, kept: 25, size: 100 },
  { type: 'perplexity', round: 1, of: 'base', value: 160 },
  { type: 'perplexity', round: 1, of: 'tuned', value: 80 },
  { type: 'submitted', round: 1, bytes: 50 },
  { type: 'problem', error: { code: 'rate-limited', message: 'Too fast.', data: { seconds: 3 } }, retry: 'r' },
];
const session = foldEvents(
  emptySession,
  events.map((event, i) => ({ at: 1000 * i, event })),
);

describe("a session's record", () => {
  const record = recordOfSession(session, ledger, 12_000);

  it('is what its schema says, also through JSON', () => {
    expect(sessionRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
    expect(sessionRecordSchema.parse(emptySessionRecord)).toEqual(emptySessionRecord);
  });

  it('has the figures of the session', () => {
    expect(record).toMatchObject({
      name: 'Ada',
      federation: 'village',
      state: 'waiting',
      backend: 'wasm',
      kept: 25,
      size: 100,
      density: 0.25,
      examples: { training: 60, heldOut: 15 },
      bytesUp: 212,
      seconds: 12,
      rounds: [
        { number: 1, attempt: 1, outcome: 'open', perplexity: { base: 160, received: null, tuned: 80 }, seconds: 4 },
      ],
      messages: [{ direction: 'up', kind: 'hello', bytes: 212, at: '2026-11-22T09:00:00.000Z' }],
      problems: [{ code: 'rate-limited', message: 'Too fast.' }],
    });
  });

  it('stops its clock when the session ends', () => {
    const left = foldEvents(session, [{ at: 20_000, event: { type: 'left', reason: 'asked' } }]);
    expect(recordOfSession(left, ledger, 90_000).seconds).toBe(20);
  });
});
