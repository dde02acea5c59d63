import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { uploadMessages, wireMessage } from './wire-message.fixture.ts';

const sha256 = 'a'.repeat(64);
const filed = (clerk: LedgerWriter, messages: ReturnType<typeof wireMessage>[], firstId = 1) =>
  messages.map((message, i) => ({ id: firstId + i, ...clerk.file(firstId + i, message) }));

const offer = (round: number) =>
  wireMessage({ direction: 'down', kind: 'offer', message: { round, attempt: 1, version: 0 } });
const piece = (exchange: number, offset: number, data: Uint8Array) => [
  wireMessage({ direction: 'up', kind: 'download', message: { what: 'slice', version: 1, offset }, exchange }),
  wireMessage({
    direction: 'down',
    kind: 'download',
    message: { ok: true, value: { data, total: 8, sha256 } },
    data,
    exchange,
  }),
];

describe('the ledger’s clerk', () => {
  it('knows all messages of an upload, with the place of each piece', () => {
    const upload = uploadMessages({ kind: 'delta', round: 3, sha256 }, new Uint8Array(10));
    const entries = filed(new LedgerWriter([]), [offer(3), ...upload], 50);
    expect(entries.map(({ round }) => round)).toEqual(entries.map(() => 3));
    expect(entries[0]?.transfer).toBeNull();
    const of = { of: 51, what: 'delta', sha256, total: 10 };
    expect(entries.slice(1).map(({ transfer }) => transfer)).toEqual(
      [null, null, 0, null, 5, null, null, null].map((offset) => ({ ...of, offset })),
    );
  });

  it('[UP2] takes an upload that goes on after a loss, or a reload, for the same one', () => {
    const bytes = new Uint8Array(10);
    const clerk = new LedgerWriter([]);
    const before = filed(clerk, uploadMessages({ kind: 'mask', round: 1, sha256 }, bytes).slice(0, 4));
    const again = uploadMessages({ kind: 'mask', round: 1, sha256 }, bytes, 5);
    const after = filed(clerk, again, 10);
    expect(after.every(({ transfer }) => transfer?.of === 1)).toBe(true);

    const kept = before.map(
      (entry): LedgerEntry => ({ ...entry, at: 1, direction: 'up', kind: 'x', bytes: 1, sha256: null, textBytes: 1 }),
    );
    expect(filed(new LedgerWriter(kept), again, 10)).toEqual(after);
  });

  it('tells the delta of a repeated round from the one before it', () => {
    const clerk = new LedgerWriter([]);
    const ids = [1, 2].flatMap((round) =>
      filed(clerk, uploadMessages({ kind: 'delta', round, sha256 }, new Uint8Array(4)), 100 * round),
    );
    expect(new Set(ids.map(({ transfer }) => transfer?.of))).toEqual(new Set([100, 200]));
  });

  it('puts the pieces of a download together, and begins a new one at its beginning', () => {
    const clerk = new LedgerWriter([]);
    const data = new Uint8Array(4);
    const entries = filed(clerk, [offer(2), ...piece(1, 0, data), ...piece(2, 4, data), ...piece(3, 0, data)]);
    expect(entries.slice(1).map(({ transfer }) => [transfer?.of, transfer?.offset, transfer?.total])).toEqual([
      [2, 0, null],
      [2, 0, 8],
      [2, 4, null],
      [2, 4, 8],
      [6, 0, null],
      [6, 0, 8],
    ]);
  });

  it('leaves alone what belongs to nothing, also answers that nobody can read', () => {
    const clerk = new LedgerWriter([]);
    const messages = [
      wireMessage({ direction: 'up', kind: 'hello', message: { protocol: 1 }, exchange: 1 }),
      wireMessage({ direction: 'down', kind: 'hello', message: 'what?', exchange: 1 }),
      wireMessage({ direction: 'down', kind: 'status', message: { round: 7 } }),
      wireMessage({
        direction: 'up',
        kind: 'chunk',
        message: { upload: 'x', offset: 0, data: new Uint8Array(1) },
        exchange: 2,
      }),
    ];
    expect(filed(clerk, messages).map(({ round, transfer }) => [round, transfer])).toEqual(
      messages.map(() => [null, null]),
    );
    const upload = uploadMessages({ kind: 'mask', round: 1, sha256 }, new Uint8Array(2));
    const refused = upload.map((message, i) => (i === 1 ? { ...message, message: { ok: false, error: 5 } } : message));
    expect(filed(clerk, refused.slice(0, 2)).map(({ transfer }) => transfer?.what)).toEqual(['mask', 'mask']);
  });
});
