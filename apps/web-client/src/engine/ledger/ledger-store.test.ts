import 'fake-indexeddb/auto';
import { encodeMask, encodeValues, maskHash, sha256Hex } from '@perfit/protocol';
import { buildLayout, layoutHash, Mask } from '@perfit/protocol/space';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import { deleteDatabase, forgetSeat, keyOf, seatKeys } from '../storage/database.ts';
import { loadContent, loadLedger } from '../storage/ledger-store.ts';
import { LedgerStore } from './ledger-store.ts';
import { readTransfer, verifyLedger } from './read-ledger.ts';
import { uploadMessages, wireMessage } from './wire-message.fixture.ts';

const seat = { federation: 'village', as: '' };
const note = (i: number, data = new Uint8Array(0)) =>
  wireMessage({ direction: 'up', kind: 'progress', message: { round: 1, i }, data, at: i });

afterEach(async () => {
  vi.restoreAllMocks();
  await deleteDatabase();
});

describe('a seat’s ledger', () => {
  it('[LG1] keeps each message with the hash of its bytes, in their order, for the next visit', async () => {
    const told: LedgerEntry[] = [];
    const book = await LedgerStore.open(seat, { onEntry: (entry) => told.push(entry) });
    const data = Uint8Array.of(1, 2, 3);
    const messages = [note(5, data), note(5), note(4)];
    for (const message of messages) book.write(message);
    await book.close();
    book.write(note(9));

    const kept = await loadLedger(seat);
    expect(kept).toEqual(told);
    expect(kept.map(({ id }) => id)).toEqual([5000, 5001, 5002]);
    for (const [i, entry] of kept.entries()) {
      const { content } = messages[i] as (typeof messages)[0];
      expect(entry).toMatchObject({ round: 1, bytes: content.length, sha256: await sha256Hex(content) });
      expect(await loadContent(seat, entry.id)).toEqual(content);
    }
    expect(kept[0]?.bytes).toBe((kept[0]?.textBytes ?? 0) + data.length);
    const next = await LedgerStore.open(seat);
    next.write(note(3));
    await next.close();
    expect((await loadLedger(seat)).map(({ id }) => id)).toEqual([5000, 5001, 5002, 5003]);
  });

  it('[LG2] drops the oldest bytes beyond its bound, and keeps their hashes', async () => {
    const big = new Uint8Array(100);
    const options = { keptBytes: 350 };
    for (const first of [0, 3]) {
      const book = await LedgerStore.open(seat, options);
      for (let i = first; i < first + 3; i++) book.write(note(i, big));
      await book.close();
    }
    const entries = await loadLedger(seat);
    const kept = await Promise.all(entries.map(async ({ id }) => (await loadContent(seat, id)) !== null));
    expect(kept).toEqual([false, false, false, false, true, true]);
    expect(await verifyLedger(seat, () => {})).toEqual({ entries: 6, checked: 2, wrong: [] });
  });

  it('[LG2] goes on where the disk is full: the bytes are gone, the hashes are not', async () => {
    const book = await LedgerStore.open(seat);
    book.write(note(1));
    book.write(note(2));
    await book.settle();
    const put = IDBObjectStore.prototype.put;
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
      if (this.name === 'ledgerBytes') throw new DOMException('no room', 'QuotaExceededError');
      return put.call(this, value, key);
    });
    book.write(note(3));
    await book.settle();
    vi.restoreAllMocks();
    book.write(note(4));
    await book.close();
    const entries = await loadLedger(seat);
    expect(entries).toHaveLength(4);
    const kept = await Promise.all(entries.map(async ({ id }) => (await loadContent(seat, id)) !== null));
    expect(kept).toEqual([false, true, false, true]);
  });

  it('[LG2] tries again what could not be written at all', async () => {
    const book = await LedgerStore.open(seat);
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no room', 'QuotaExceededError');
    });
    book.write(note(1));
    await book.settle();
    expect(book.entries).toHaveLength(1);
    vi.restoreAllMocks();
    book.write(note(2));
    await book.close();
    expect(await loadLedger(seat)).toEqual(book.entries);
  });

  it('takes over what an earlier version of the page kept, once', async () => {
    const older = [
      { at: 7, direction: 'up', kind: 'hello', bytes: 212 },
      { at: 7, direction: 'down', kind: 'hello', bytes: 40 },
    ] as const;
    await (await LedgerStore.open(seat, { older })).close();
    const again = await LedgerStore.open(seat, { older });
    again.write(note(8));
    await again.close();
    const entries = await loadLedger(seat);
    expect(entries.map(({ kind, bytes, sha256 }) => [kind, bytes, sha256 === null])).toEqual([
      ['hello', 212, true],
      ['hello', 40, true],
      ['progress', expect.any(Number), false],
    ]);
  });

  it('is written again where the browser was made to forget it', async () => {
    const book = await LedgerStore.open(seat);
    book.write(note(1));
    await book.settle();
    await deleteDatabase();
    await book.putBack();
    expect(await loadLedger(seat)).toEqual(book.entries);
    await book.close();
  });

  it('goes with its seat, and with no other', async () => {
    const other = { federation: 'village', as: '2' };
    for (const each of [seat, other]) {
      const book = await LedgerStore.open(each);
      book.write(note(1));
      await book.close();
    }
    await forgetSeat(keyOf(seat));
    expect(await seatKeys()).toEqual(['village/2']);
    expect(await loadLedger(seat)).toEqual([]);
    expect(await loadContent(other, 1000)).not.toBeNull();
  });

  it('[LG3] puts an upload together from the messages that carried it, also one that went on later', async () => {
    const layout = buildLayout(
      { layers: 1, width: 4, queryWidth: 4, keyValueWidth: 4, feedForwardWidth: 4 },
      { rank: 1, alpha: 1, targets: ['q_proj'] },
    );
    const mask = Mask.from(layout.size, (p) => p % 2 === 0);
    const hashes = { layoutHash: await layoutHash(layout), maskHash: await maskHash(mask) };
    const bytes = encodeValues(Float32Array.of(3, 0, 0, -4), 'f32', hashes);
    const announce = { kind: 'delta', round: 1, sha256: await sha256Hex(bytes) } as const;
    const first = await LedgerStore.open(seat);
    // The tab is killed after the first piece.
    for (const message of uploadMessages(announce, bytes).slice(0, 3)) first.write(message);
    await first.close();
    const id = first.entries[0]?.id ?? 0;
    expect(await readTransfer(seat, id)).toMatchObject({ bytes: null, sha256: null, announced: announce.sha256 });

    const second = await LedgerStore.open(seat);
    for (const message of uploadMessages(announce, bytes, 40)) second.write(message);
    await second.close();
    const report = await readTransfer(seat, id);
    expect(report).toMatchObject({ what: 'delta', round: 1, sha256: announce.sha256, announced: announce.sha256 });
    expect(report.bytes).toEqual(bytes);
    expect(report.view).toMatchObject({ dtype: 'f32', count: 4, norm: 5, largest: 4, size: null });
    await expect(readTransfer(seat, 3)).rejects.toMatchObject({ failure: { code: 'not-ready' } });
  });

  it('[LG3] says what is wrong with bytes that are no mask', async () => {
    const bytes = (await encodeMask(Mask.full(9), 'a'.repeat(64))).subarray(0, 40);
    const announce = { kind: 'mask', round: 1, sha256: await sha256Hex(bytes) } as const;
    const book = await LedgerStore.open(seat);
    for (const message of uploadMessages(announce, bytes)) book.write(message);
    await book.close();
    const report = await readTransfer(seat, book.entries[0]?.id ?? 0);
    expect(report).toMatchObject({ view: null, failure: { code: 'codec-truncated' }, bytes });
  });
});
