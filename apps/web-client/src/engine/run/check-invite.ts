import { type Connection, ConnectionLost, identityFromKeyPair, socketConnection } from '@perfit/federation';
import { PROTOCOL_VERSION } from '@perfit/protocol';
import { io } from 'socket.io-client';
import { FailureError } from '../../contract/failure.ts';
import type { Seat } from '../../contract/run-api.ts';
import { LedgerStore } from '../ledger/ledger-store.ts';
import { keysOf } from '../storage/identities.ts';
import { AGENT } from './client-run.ts';

/**
 * [HS1] Says hello and hangs up: a wrong invite is told before a model is fetched for it.
 * @throws ProtocolError with the coordinator's refusal   @throws FailureError `coordinator-unreachable`
 */
export async function checkInvite(seat: Seat, invite: string | null): Promise<void> {
  const { publicKey } = await identityFromKeyPair(await keysOf(seat));
  const socket = io({ transports: ['websocket'], autoConnect: false, reconnection: false, forceNew: true });
  const ledger = await LedgerStore.open(seat);
  const connection = socketConnection(socket, (message) => ledger.write(message));
  try {
    await connected(connection);
    const hello = { protocol: PROTOCOL_VERSION, federation: seat.federation, publicKey, agent: AGENT };
    await connection.request('hello', { ...hello, ...(invite ? { invite } : {}) });
  } catch (error) {
    throw error instanceof ConnectionLost ? unreachable : error;
  } finally {
    connection.close();
    await ledger.close();
  }
}

function connected(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.on((event) => {
      if (event.type === 'connected') resolve();
      else if (event.type === 'lost') reject(unreachable);
    });
    connection.connect();
  });
}

const unreachable = new FailureError({
  code: 'coordinator-unreachable',
  message: 'The coordinator does not answer. Check your connection and start again: what you have chosen stays here.',
});
