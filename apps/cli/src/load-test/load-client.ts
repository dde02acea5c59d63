import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Ask,
  type Connection,
  ConnectionLost,
  generateKeyPair,
  identityFromKeyPair,
  sendUpload,
  shakeHands,
  socketConnection,
} from '@perfit/federation';
import {
  ProtocolError,
  type Receipt,
  type RequestOf,
  type RoundClosed,
  type RoundOffer,
  type Welcome,
} from '@perfit/protocol';
import { io } from 'socket.io-client';
import { MAX_EXAMPLES } from './drawn-submission.ts';
import { LOADED } from './plan.ts';

/** What a client that is told to come later waits where it is not told how long. */
const RETRY_MS = 1_000;
/** How long an answer takes is what is measured: the load as a whole has a limit. */
const ANSWER_TIMEOUT_MS = 24 * 3_600_000;

/** The least client that a coordinator takes for one: it says what it must and sends what it is given. */
export class LoadClient {
  readonly welcome: Welcome;
  /** Because of too many uploads, or messages, at a time. */
  postponed = 0;
  private readonly connection: Connection;
  private offer: RoundOffer | null = null;
  private onOffer: () => void = () => {};

  private constructor(connection: Connection, welcome: Welcome) {
    this.connection = connection;
    this.welcome = welcome;
  }

  /** @throws ProtocolError as it is refused */
  static async join(url: string, name: string, onClosed: (closed: RoundClosed) => void): Promise<LoadClient> {
    const connection = await connected(url);
    const ask: Ask = (request, message) => connection.request(request, message);
    const identity = await identityFromKeyPair(await generateKeyPair({ extractable: false }));
    const welcome = await shakeHands(ask, { identity, federation: LOADED, agent: 'perfit bench' });
    const client = new LoadClient(connection, welcome);
    connection.on((event) => {
      if (event.type === 'offer') client.takeOffer(event.message);
      else if (event.type === 'closed') onClosed(event.message);
    });
    await ask('ready', {
      name,
      device: { backend: 'cpu', description: 'a load' },
      examples: { training: MAX_EXAMPLES, heldOut: 1 },
      shareEvaluation: false,
    });
    return client;
  }

  async offered(round: number): Promise<RoundOffer> {
    while (this.offer?.round !== round) {
      await new Promise<void>((resolve) => {
        this.onOffer = resolve;
      });
    }
    return this.offer;
  }

  /** Again and again until it is taken, as the coordinator asks. */
  upload(message: RequestOf<'announce'>, bytes: () => Uint8Array): Promise<Receipt> {
    return sendUpload(this.patiently, message, bytes);
  }

  /** Its own slice of a version, as at the start of the next round. @throws Error where it is not what its hash says */
  async download(version: number): Promise<number> {
    const hash = createHash('sha256');
    let [offset, total, expected] = [0, 1, ''];
    while (offset < total) {
      const piece = await this.patiently('download', { what: 'slice', version, offset });
      ({ total, sha256: expected } = piece);
      hash.update(piece.data);
      offset += piece.data.byteLength;
    }
    if (hash.digest('hex') !== expected) throw new Error(`the slice of version ${version} is not what its hash says`);
    return total;
  }

  close(): void {
    this.connection.close();
  }

  private takeOffer(offer: RoundOffer): void {
    this.offer = offer;
    this.onOffer();
  }

  private readonly patiently: Ask = async (name, message) => {
    for (;;) {
      try {
        return await this.connection.request(name, message);
      } catch (error) {
        if (!(error instanceof ProtocolError) || !['upload-busy', 'rate-limited'].includes(error.code)) throw error;
        this.postponed++;
        const { retryAfterMs } = error.data as { retryAfterMs?: number };
        await pause(retryAfterMs ?? RETRY_MS);
      }
    }
  };
}

function connected(url: string): Promise<Connection> {
  const socket = io(url, { transports: ['websocket'], forceNew: true, autoConnect: false, reconnection: false });
  const connection = socketConnection(socket, null, { answerTimeoutMs: ANSWER_TIMEOUT_MS });
  return new Promise((resolve, reject) => {
    const unsubscribe = connection.on((event) => {
      unsubscribe();
      if (event.type === 'lost') reject(new ConnectionLost(event.reason));
      else resolve(connection);
    });
    connection.connect();
  });
}
