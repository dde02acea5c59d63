import { ProtocolError } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { type ConnectionEvent, ConnectionLost, type LedgerEntry, type SocketLike, socketConnection } from '../index.ts';

type Acknowledge = (silence: Error | null, reply?: unknown) => void;

/** What a socket.io-client Socket does, as far as a connection looks at it. */
class FakeSocket implements SocketLike {
  connected = false;
  readonly sent: { event: string; message: unknown; acknowledge: Acknowledge | undefined; timeout: number | null }[] =
    [];
  connects = 0;
  private readonly handlers = new Map<string, Set<(...values: unknown[]) => void>>();

  connect(): void {
    this.connects++;
  }
  disconnect(): void {
    if (!this.connected) return;
    this.connected = false;
    this.receive('disconnect', 'io client disconnect');
  }
  on(event: string, listener: (...values: unknown[]) => void): void {
    this.handlers.set(event, (this.handlers.get(event) ?? new Set()).add(listener));
  }
  off(event: string, listener: (...values: unknown[]) => void): void {
    this.handlers.get(event)?.delete(listener);
  }
  emit(event: string, ...values: unknown[]): void {
    this.send(event, values, null);
  }
  timeout(milliseconds: number) {
    return { emit: (event: string, ...values: unknown[]) => this.send(event, values, milliseconds) };
  }
  receive(event: string, ...values: unknown[]): void {
    for (const handler of this.handlers.get(event) ?? []) handler(...values);
  }
  up(): void {
    this.connected = true;
    this.receive('connect');
  }
  answer(reply: unknown): void {
    this.sent.at(-1)?.acknowledge?.(null, reply);
  }
  get listening(): number {
    return [...this.handlers.values()].reduce((sum, handlers) => sum + handlers.size, 0);
  }

  private send(event: string, [message, acknowledge]: unknown[], timeout: number | null): void {
    this.sent.push({ event, message, acknowledge: acknowledge as Acknowledge | undefined, timeout });
  }
}

function connected() {
  const socket = new FakeSocket();
  const ledger: LedgerEntry[] = [];
  const events: ConnectionEvent[] = [];
  const connection = socketConnection(socket, (entry) => ledger.push(entry), { now: () => 12, answerTimeoutMs: 900 });
  connection.on((event) => events.push(event));
  socket.up();
  return { socket, ledger, events, connection };
}

const status = { state: 'recruiting', round: 0, rounds: 3, version: 0, ready: 1, recruit: 2 };

describe('socket connection', () => {
  it('answers a request with its parsed value', async () => {
    const { socket, connection } = connected();
    const asking = connection.request('ready', {} as never);
    expect(socket.sent.at(-1)).toMatchObject({ event: 'ready', timeout: 900 });
    socket.answer({ ok: true, value: { density: 0.5, more: 'is dropped' } });
    expect(await asking).toEqual({ density: 0.5 });
  });

  it('throws a refusal as it is, and an answer that is none as bad-message', async () => {
    const { socket, connection } = connected();
    const cases: [unknown, string][] = [
      [{ ok: false, error: { code: 'delta-norm', message: 'too long', data: { most: 3 } } }, 'delta-norm'],
      [{ ok: false, error: { code: 'no-such-code', message: 'x' } }, 'bad-message'],
      [{ ok: true, value: { density: 7 } }, 'bad-message'],
      [{ ok: true }, 'bad-message'],
      [{ value: { density: 0.5 } }, 'bad-message'],
      ['yes', 'bad-message'],
      [null, 'bad-message'],
    ];
    for (const [reply, code] of cases) {
      const asking = connection.request('ready', {} as never);
      socket.answer(reply);
      await expect(asking).rejects.toBeInstanceOf(ProtocolError);
      await expect(asking).rejects.toMatchObject({ code });
    }
  });

  it('takes binaries as browsers and as Node hand them over', async () => {
    const { socket, connection } = connected();
    const sha256 = '0'.repeat(64);
    for (const data of [Uint8Array.of(1, 2), Buffer.from([1, 2]), Uint8Array.of(1, 2).buffer]) {
      const asking = connection.request('download', { what: 'slice', version: 1, offset: 0 });
      socket.answer({ ok: true, value: { data, total: 2, sha256 } });
      expect([...(await asking).data]).toEqual([1, 2]);
    }
  });

  it('[HS3] loses what is unanswered with the connection, and sends nothing before the next one', async () => {
    const { socket, connection, events } = connected();
    const asking = connection.request('complete', { upload: 'u' });
    socket.connected = false;
    socket.receive('disconnect', 'transport close');
    await expect(asking).rejects.toBeInstanceOf(ConnectionLost);
    const before = socket.sent.length;
    await expect(connection.request('complete', { upload: 'u' })).rejects.toBeInstanceOf(ConnectionLost);
    connection.notify('progress', { round: 1, phase: 'tune', done: 0 });
    expect(socket.sent.length).toBe(before);
    expect(events).toEqual([{ type: 'connected' }, { type: 'lost', reason: 'transport close' }]);
    connection.connect();
    expect(socket.connects).toBe(1);
    socket.up();
    expect(events.at(-1)).toEqual({ type: 'connected' });
    connection.connect();
    expect(socket.connects).toBe(1);
  });

  it('takes a server that does not answer for lost, once', async () => {
    const { socket, connection, events } = connected();
    const asking = connection.request('complete', { upload: 'u' });
    const other = connection.request('complete', { upload: 'v' });
    socket.sent.at(-1)?.acknowledge?.(new Error('operation has timed out'));
    await expect(asking).rejects.toBeInstanceOf(ConnectionLost);
    await expect(other).rejects.toBeInstanceOf(ConnectionLost);
    expect(socket.connected).toBe(false);
    expect(events.map(({ type }) => type)).toEqual(['connected', 'lost']);
  });

  it('tells that it could not connect', () => {
    const { socket, events } = connected();
    socket.receive('connect_error', new Error('This origin may not connect.'));
    expect(events.at(-1)).toEqual({ type: 'lost', reason: 'This origin may not connect.' });
  });

  it('passes on announcements that can be read', () => {
    const { socket, events } = connected();
    socket.receive('status', status);
    socket.receive('status', { ...status, state: 'confused' });
    socket.receive('replaced');
    expect(events.slice(1)).toEqual([
      { type: 'status', message: status },
      { type: 'replaced', message: {} },
    ]);
  });

  it('obeys a signal', async () => {
    const { connection } = connected();
    const aborting = new AbortController();
    const asking = connection.request('complete', { upload: 'u' }, aborting.signal);
    aborting.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
    await expect(connection.request('complete', { upload: 'u' }, aborting.signal)).rejects.toThrow('enough');
  });

  it('tells a late listener that it is connected', async () => {
    const { connection } = connected();
    const late: ConnectionEvent[] = [];
    connection.on((event) => late.push(event));
    await Promise.resolve();
    expect(late).toEqual([{ type: 'connected' }]);
  });

  it('lets go of the socket when it is closed', async () => {
    const { socket, connection, events } = connected();
    const asking = connection.request('complete', { upload: 'u' });
    connection.close();
    await expect(asking).rejects.toBeInstanceOf(ConnectionLost);
    expect(socket.connected).toBe(false);
    expect(socket.listening).toBe(0);
    expect(events).toEqual([{ type: 'connected' }]);
  });

  it('[LG1] enters every message in the ledger: its JSON, and behind it its binaries', async () => {
    const { socket, connection, ledger } = connected();
    const data = Uint8Array.of(1, 2, 3, 4, 5);
    const asking = connection.request('chunk', { upload: 'ü', offset: 0, data });
    data.fill(9);
    socket.answer({ ok: true, value: { offset: 5 } });
    await asking;
    connection.notify('progress', { round: 1, phase: 'tune', done: 0 });
    socket.receive('status', status);
    socket.receive('replaced');
    const downloading = connection.request('download', { what: 'slice', version: 1, offset: 0 });
    socket.answer({ ok: true, value: { data: Buffer.from([1, 2]), total: 2, sha256: '0'.repeat(64) } });
    await downloading;
    const shown = ledger.map(({ direction, kind, content, jsonLength, exchange, at }) => {
      const json = Buffer.from(content.subarray(0, jsonLength)).toString();
      return [direction, kind, json, [...content.subarray(jsonLength)], exchange, at];
    });
    expect(shown).toEqual([
      ['up', 'chunk', '{"upload":"ü","offset":0}', [1, 2, 3, 4, 5], 1, 12],
      ['down', 'chunk', '{"ok":true,"value":{"offset":5}}', [], 1, 12],
      ['up', 'progress', '{"round":1,"phase":"tune","done":0}', [], null, 12],
      ['down', 'status', JSON.stringify(status), [], null, 12],
      ['down', 'replaced', '', [], null, 12],
      ['up', 'download', '{"what":"slice","version":1,"offset":0}', [], 2, 12],
      ['down', 'download', `{"ok":true,"value":{"total":2,"sha256":"${'0'.repeat(64)}"}}`, [1, 2], 2, 12],
    ]);
    expect(ledger[0]?.message).toEqual({ upload: 'ü', offset: 0, data });
  });
});
