import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClientEvent,
  type ClientOptions,
  generateKeyPair,
  identityFromKeyPair,
  memoryStore,
  runClient,
  socketConnection,
} from '@perfit/federation';
import { seededRandom } from '@perfit/protocol/space';
import { io } from 'socket.io-client';
import { anyClient } from './any-client.ts';

interface Participation extends Pick<ClientOptions, 'federation' | 'tuner' | 'twin'> {
  /** Of the coordinator. */
  readonly url: string;
  readonly invite: string | null;
  readonly seed: number;
}

/** The whole life of a client that is new to its federation: the loop that every client runs, over a socket of its own. */
export async function* participate({
  url,
  federation,
  invite,
  tuner,
  seed,
  twin,
}: Participation): AsyncGenerator<ClientEvent, void> {
  const options = { transports: ['websocket'], forceNew: true, autoConnect: false, reconnection: false };
  yield* runClient({
    ...anyClient,
    connection: socketConnection(io(url, options)),
    identity: await identityFromKeyPair(await generateKeyPair({ extractable: false })),
    store: memoryStore(),
    tuner,
    federation,
    ...(invite ? { invite } : {}),
    ...(twin ? { twin } : {}),
    clock: { now: () => performance.now(), sleep: (milliseconds) => sleep(milliseconds) },
    random: seededRandom(seed),
  });
}
