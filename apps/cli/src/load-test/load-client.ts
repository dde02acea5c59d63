import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { generateKeyPair, type Identity, identityFromKeyPair } from '@perfit/federation';
import {
  MAX_CHUNK_BYTES,
  PROTOCOL_VERSION,
  ProtocolError,
  type Receipt,
  type Reply,
  type RequestName,
  type RequestOf,
  type RoundClosed,
  type RoundOffer,
  signedText,
  type ValueOf,
  type Welcome,
} from '@perfit/protocol';
import { io, type Socket } from 'socket.io-client';
import { MAX_EXAMPLES } from './drawn-submission.ts';
import { LOADED } from './plan.ts';

/** What a client that is told to come later waits where it is not told how long. */
const RETRY_MS = 1_000;

/** The least client that a coordinator takes for one: it says what it must and sends what it is given. */
export class LoadClient {
  readonly socket: Socket;
  readonly welcome: Welcome;
  /** Because of too many uploads, or messages, at a time. */
  postponed = 0;
  private offer: RoundOffer | null = null;
  private onOffer: () => void = () => {};

  private constructor(socket: Socket, welcome: Welcome) {
    this.socket = socket;
    this.welcome = welcome;
    socket.on('offer', (offer: RoundOffer) => {
      this.offer = offer;
      this.onOffer();
    });
  }

  /** @throws ProtocolError as it is refused */
  static async join(url: string, name: string, onClosed: (closed: RoundClosed) => void): Promise<LoadClient> {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    const identity: Identity = await identityFromKeyPair(await generateKeyPair({ extractable: false }));
    const { publicKey } = identity;
    const hello = { protocol: PROTOCOL_VERSION, federation: LOADED, publicKey, agent: 'perfit bench' };
    const { nonce } = await ask(socket, 'hello', hello);
    const welcome = await ask(socket, 'prove', { signature: await identity.sign(signedText(LOADED, nonce)) });
    const client = new LoadClient(socket, welcome);
    socket.on('closed', onClosed);
    await ask(socket, 'ready', {
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
  async upload(message: RequestOf<'announce'>, bytes: () => Uint8Array): Promise<Receipt> {
    const answer = await this.patiently('announce', message);
    if (answer.state === 'done') return answer.receipt;
    const content = bytes();
    for (let { offset } = answer; offset < content.length; ) {
      const data = content.subarray(offset, offset + MAX_CHUNK_BYTES);
      ({ offset } = await this.patiently('chunk', { upload: answer.upload, offset, data }));
    }
    return this.patiently('complete', { upload: answer.upload });
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

  private async patiently<K extends RequestName>(name: K, message: RequestOf<K>): Promise<ValueOf<K>> {
    for (;;) {
      try {
        return await ask(this.socket, name, message);
      } catch (error) {
        if (!(error instanceof ProtocolError) || !['upload-busy', 'rate-limited'].includes(error.code)) throw error;
        this.postponed++;
        const { retryAfterMs } = error.data as { retryAfterMs?: number };
        await pause(retryAfterMs ?? RETRY_MS);
      }
    }
  }
}

async function ask<K extends RequestName>(socket: Socket, name: K, message: RequestOf<K>): Promise<ValueOf<K>> {
  if (!socket.connected) throw new Error(`the connection is gone before "${name}"`);
  const reply = await new Promise<Reply<ValueOf<K>>>((resolve, reject) => {
    const onLost = (reason: string) =>
      reject(new Error(`the connection broke before "${name}" was answered: ${reason}`));
    socket.once('disconnect', onLost);
    socket.emit(name, message, (answer: Reply<ValueOf<K>>) => {
      socket.off('disconnect', onLost);
      resolve(answer);
    });
  });
  if (!reply.ok) throw ProtocolError.from(reply.error);
  return reply.value;
}
