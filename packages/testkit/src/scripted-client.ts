import {
  type Ask,
  clientIdOf,
  generateKeyPair,
  identityFromKeyPair,
  layoutOf,
  sendUpload,
  shakeHands,
} from '@perfit/federation';
import {
  type AnnouncementName,
  type AnnouncementOf,
  type DeltaReport,
  decodeValues,
  encodeMask,
  encodeValues,
  maskHash,
  ProtocolError,
  type Ready,
  type Receipt,
  type Reply,
  type RequestName,
  type RequestOf,
  sha256Hex,
  type ValueOf,
  type Welcome,
} from '@perfit/protocol';
import { type Layout, Mask, seededRandom } from '@perfit/protocol/space';
import { io, type Socket } from 'socket.io-client';
import { anyClient } from './any-client.ts';
import { tinyDimensions } from './small-federation.ts';

export const readyMessage: Ready = {
  name: anyClient.name,
  device: anyClient.device,
  examples: { training: 50, heldOut: 10 },
  shareEvaluation: anyClient.shareEvaluation,
};

export type ClientIdentity = Awaited<ReturnType<typeof newIdentity>>;

export async function newIdentity() {
  const identity = await identityFromKeyPair(await generateKeyPair({ extractable: true }));
  return { ...identity, client: await clientIdOf(identity.publicKey) };
}

type Heard = { [K in AnnouncementName]: { name: K; message: AnnouncementOf<K> } }[AnnouncementName];

/** A client without a loop: each of its words is the test's. */
export class ScriptedClient {
  readonly socket: Socket;
  readonly identity: ClientIdentity;
  readonly heard: Heard[] = [];
  private waiting: (() => void)[] = [];
  welcome: Welcome | null = null;
  /** Called before every request. */
  onAsk: () => void = () => {};

  private constructor(socket: Socket, identity: ClientIdentity) {
    this.socket = socket;
    this.identity = identity;
    for (const name of ['offer', 'closed', 'status', 'replaced', 'removed'] as const) {
      socket.on(name, (message: unknown) => {
        this.heard.push({ name, message } as Heard);
        this.wakeUp();
      });
    }
    socket.on('disconnect', () => this.wakeUp());
  }

  static async connect(
    url: string,
    identity?: ClientIdentity,
    headers?: Record<string, string>,
  ): Promise<ScriptedClient> {
    const known = identity ?? (await newIdentity());
    const socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      ...(headers ? { extraHeaders: headers } : {}),
    });
    const client = new ScriptedClient(socket, known);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
      // A line that breaks between its opening and the answer to it is no error to socket.io, and would be waited for forever.
      socket.io.once('close', (reason) => reject(new Error(`the connection closed while it was made: ${reason}`)));
    });
    return client;
  }

  /** Connects, shakes hands and says that it is ready. */
  static async join(
    url: string,
    to: { federation: string; invite?: string | null; ready?: Partial<Ready> },
    identity?: ClientIdentity,
  ): Promise<ScriptedClient> {
    const client = await ScriptedClient.connect(url, identity);
    await client.shakeHands(to.federation, to.invite);
    await client.ask('ready', { ...readyMessage, ...to.ready });
    return client;
  }

  get id(): string {
    return this.identity.client;
  }

  get layout(): Layout {
    const { config } = (this.welcome as Welcome).federation;
    return layoutOf(config, tinyDimensions);
  }

  /** The bare answer. */
  async reply<K extends RequestName>(name: K, message: unknown): Promise<Reply<ValueOf<K>>> {
    this.onAsk();
    return new Promise((resolve, reject) => {
      const onLost = () => reject(new Error(`the connection broke before "${name}" was answered`));
      if (!this.socket.connected) return onLost();
      this.socket.once('disconnect', onLost);
      this.socket.emit(name, message, (reply: Reply<ValueOf<K>>) => {
        this.socket.off('disconnect', onLost);
        resolve(reply);
      });
    });
  }

  /** @throws ProtocolError as it was answered */
  readonly ask: Ask = async (name, message) => {
    const reply = await this.reply(name, message);
    if (!reply.ok) throw ProtocolError.from(reply.error);
    return reply.value;
  };

  async shakeHands(federation: string, invite?: string | null): Promise<Welcome> {
    const { identity } = this;
    this.welcome = await shakeHands(this.ask, { identity, federation, invite, agent: anyClient.agent });
    return this.welcome;
  }

  /** The first announcement of a kind that fits and was not taken yet. */
  async hear<K extends AnnouncementName>(
    name: K,
    fits: (message: AnnouncementOf<K>) => boolean = () => true,
  ): Promise<AnnouncementOf<K>> {
    for (;;) {
      const index = this.heard.findIndex((each) => each.name === name && fits(each.message as AnnouncementOf<K>));
      if (index >= 0) return this.heard.splice(index, 1)[0]?.message as AnnouncementOf<K>;
      if (!this.socket.connected) throw new Error(`the connection is gone, and no "${name}" came`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** The next announcement, whatever it is. */
  async hearAny(): Promise<Heard> {
    for (;;) {
      const next = this.heard.shift();
      if (next) return next;
      if (!this.socket.connected) throw new Error('the connection is gone');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Resolves when the socket is gone. */
  async gone(): Promise<void> {
    while (this.socket.connected) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  upload(announce: RequestOf<'announce'>, bytes: Uint8Array): Promise<Receipt> {
    return sendUpload(this.ask, announce, () => bytes);
  }

  async maskBytes(mask: Mask): Promise<Uint8Array> {
    return encodeMask(mask, (this.welcome as Welcome).federation.layout.hash);
  }

  async sendMask(mask: Mask, round = 1): Promise<Receipt> {
    const bytes = await this.maskBytes(mask);
    return this.upload({ kind: 'mask', round, bytes: bytes.length, sha256: await sha256Hex(bytes) }, bytes);
  }

  async deltaBytes(mask: Mask, values: Float32Array): Promise<Uint8Array> {
    const { layout, config } = (this.welcome as Welcome).federation;
    return encodeValues(values, config.wire.dtype, { layoutHash: layout.hash, maskHash: await maskHash(mask) });
  }

  async announceOf(bytes: Uint8Array, about: { round?: number; attempt?: number; report?: Partial<DeltaReport> } = {}) {
    const { round = 1, attempt = 1, report = {} } = about;
    return {
      kind: 'delta' as const,
      round,
      attempt,
      bytes: bytes.length,
      sha256: await sha256Hex(bytes),
      report: { examples: 50, steps: 3, seconds: 1, ...report },
    };
  }

  async sendDelta(
    mask: Mask,
    values: Float32Array,
    about: { round?: number; attempt?: number; report?: Partial<DeltaReport> } = {},
  ): Promise<Receipt> {
    const bytes = await this.deltaBytes(mask, values);
    return this.upload(await this.announceOf(bytes, about), bytes);
  }

  /** A mask of half of the positions, and a delta for it. */
  draw(seed: number): { mask: Mask; values: Float32Array } {
    const random = seededRandom(seed);
    const { size } = this.layout;
    const odd = Math.floor(random() * 2);
    const mask = Mask.from(size, (p) => p % 2 === odd);
    return { mask, values: Float32Array.from({ length: mask.kept }, () => random() - 0.5) };
  }

  async download(what: RequestOf<'download'>['what'], version: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let offset = 0;
    for (;;) {
      const { data, total, sha256 } = await this.ask('download', { what, version, offset });
      pieces.push(data);
      offset += data.length;
      if (offset < total) continue;
      const bytes = new Uint8Array(Buffer.concat(pieces));
      if ((await sha256Hex(bytes)) !== sha256) throw new Error('the download is damaged');
      return bytes;
    }
  }

  /** [PF3] The shares of owners, [N], of a federation whose wire is f32. */
  async shares(version: number): Promise<Float32Array> {
    const { size } = this.layout;
    const layoutHash = (this.welcome as Welcome).federation.layout.hash;
    const owner = { layoutHash, maskHash: await maskHash(Mask.full(size)), count: size };
    return decodeValues(await this.download('owners', version), owner);
  }

  close(): void {
    this.socket.disconnect();
  }

  private wakeUp(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
