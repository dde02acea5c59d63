import { describe, expect, it } from 'vitest';
import type { LedgerEntry, TransferPart } from '../../contract/ledger-api.ts';
import { fileName, ledgerFile } from './ledger-file.ts';
import { filtered, piecesOf, rowsOf, totalsByKind, totalsByRound } from './ledger-rows.ts';

const entry = (id: number, of: Partial<LedgerEntry>): LedgerEntry => ({
  id,
  at: id,
  direction: 'up',
  kind: 'progress',
  bytes: 1,
  sha256: String(id),
  textBytes: 1,
  round: 1,
  transfer: null,
  ...of,
});
const part = (offset: number | null): TransferPart => ({ of: 3, what: 'delta', sha256: 'whole', total: 8, offset });

const entries = [
  entry(1, { kind: 'hello', bytes: 100, round: null }),
  entry(2, { kind: 'hello', bytes: 30, direction: 'down', round: null }),
  entry(3, { kind: 'announce', bytes: 60, transfer: part(null) }),
  entry(4, { kind: 'announce', bytes: 20, direction: 'down', transfer: part(null) }),
  entry(5, { kind: 'chunk', bytes: 14, textBytes: 10, transfer: part(0) }),
  entry(6, { kind: 'progress' }),
  entry(7, { kind: 'chunk', bytes: 5, direction: 'down', transfer: part(null) }),
  entry(8, { kind: 'chunk', bytes: 14, textBytes: 10, transfer: part(4) }),
  entry(9, { kind: 'status', bytes: 50, direction: 'down', round: 2 }),
];
const rows = rowsOf(entries);

describe('the lines of the ledger', () => {
  it('have the latest first, and an upload in one of them', () => {
    expect(rows.map(({ id, kind, direction, bytes }) => [id, kind, direction, bytes])).toEqual([
      [9, 'status', 'down', 50],
      [6, 'progress', 'up', 1],
      [3, 'delta', 'up', 88],
      [2, 'hello', 'down', 30],
      [1, 'hello', 'up', 100],
    ]);
    const delta = rows[2] as (typeof rows)[0];
    expect([delta.sha256, piecesOf(delta), delta.entries.length]).toEqual(['whole', 2, 5]);
  });

  it('are filtered by kind and direction', () => {
    expect(filtered(rows, { direction: 'down', kind: null }).map(({ id }) => id)).toEqual([9, 2]);
    expect(filtered(rows, { direction: 'both', kind: 'hello' }).map(({ id }) => id)).toEqual([2, 1]);
    expect(filtered(rows, { direction: 'up', kind: 'status' })).toEqual([]);
    expect(filtered(rows, { direction: 'both', kind: null })).toEqual(rows);
  });

  it('count every message once in the totals of kinds and of rounds', () => {
    expect([...totalsByKind(rows)]).toEqual([
      ['hello', { messages: 2, up: 100, down: 30 }],
      ['delta', { messages: 5, up: 88, down: 25 }],
      ['progress', { messages: 1, up: 1, down: 0 }],
      ['status', { messages: 1, up: 0, down: 50 }],
    ]);
    expect([...totalsByRound(rows)]).toEqual([
      [null, { messages: 2, up: 100, down: 30 }],
      [1, { messages: 6, up: 89, down: 25 }],
      [2, { messages: 1, up: 0, down: 50 }],
    ]);
  });

  it('are saved one message a line, with its hash', () => {
    const lines = new TextDecoder().decode(ledgerFile(entries)).split('\n');
    expect(lines).toHaveLength(entries.length + 1);
    expect(JSON.parse(lines[4] as string)).toEqual({
      at: new Date(5).toISOString(),
      direction: 'up',
      kind: 'chunk',
      bytes: 14,
      sha256: '5',
      textBytes: 10,
      round: 1,
      part: { what: 'delta', offset: 0, of: 8, sha256: 'whole' },
    });
    expect([fileName('delta', 3, 'bin'), fileName('hello', null, 'json')]).toEqual([
      'ledger-delta-round-3.bin',
      'ledger-hello.json',
    ]);
  });
});
