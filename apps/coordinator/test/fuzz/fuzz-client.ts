import type { ClientSession } from '@perfit/federation/coordinator';
import {
  encodeMask,
  encodeValues,
  maskHash,
  PROTOCOL_VERSION,
  type Receipt,
  type RequestName,
  type RequestOf,
  type RoundOffer,
  sha256Hex,
  signedText,
  type ValueOf,
} from '@perfit/protocol';
import { Mask, seededRandom } from '@perfit/protocol/space';
import { type ClientIdentity, readyMessage } from '@perfit/testkit';
import type { FuzzWorld } from './fuzz-world.ts';

export interface SentDelta {
  readonly mask: Mask;
  /** [mask.kept] */
  readonly values: Float32Array;
}

interface Upload {
  readonly message: RequestOf<'announce'>;
  readonly attempt: number;
  readonly bytes: Uint8Array;
  readonly id: string;
  readonly session: ClientSession;
  offset: number;
}

const masks = new Map<string, Mask>();

/** Half of the positions, by lot: an order among them would have their bitset deflated, and time spent on that. */
function maskOf(size: number, half: number): Mask {
  const name = `${size}/${half}`;
  const known = masks.get(name);
  if (known) return known;
  const random = seededRandom(7);
  let kept = 0;
  const mask = Mask.from(size, (p) => {
    if (p % 2 === 0) kept = random() < 0.5 ? p + half : p + 1 - half;
    return p === kept;
  });
  masks.set(name, mask);
  return mask;
}

const encodings = new WeakMap<Mask, Promise<{ bytes: Uint8Array; sha256: string; name: string }>>();

/** `encodeMask` deflates to see whether that helps, and waits for it. */
function encoded(mask: Mask, layoutHash: string) {
  const known = encodings.get(mask) ?? encode(mask, layoutHash);
  encodings.set(mask, known);
  return known;
}

async function encode(mask: Mask, layoutHash: string) {
  const bytes = await encodeMask(mask, layoutHash);
  return { bytes, sha256: await sha256Hex(bytes), name: await maskHash(mask) };
}

/** Answers that say: not now, the very same may do later. */
const passing = new Set(['internal', 'storage-failed', 'upload-busy', 'shutting-down']);

/** A client that goes one step at a time, so that whatever else happens can come between any two. */
export class FuzzClient {
  /** [UP4] Each acknowledgement of something new. */
  readonly receipts: Receipt[] = [];
  /** The last of each round, with the attempt that was offered when it was asked for. */
  private readonly answered = new Map<number, { readonly receipt: Receipt; readonly attempt: number }>();
  private readonly world: FuzzWorld;
  private readonly identity: ClientIdentity;
  private readonly index: number;
  private session: ClientSession | null = null;
  /** Connections of earlier: what they still say must do no harm. */
  private readonly ghosts: ClientSession[] = [];
  private isReady = false;
  private offer: RoundOffer | null = null;
  private mask: { readonly mask: Mask; readonly round: number } | null = null;
  private upload: Upload | null = null;
  private lastUpload: Upload | null = null;
  private variation = 0;

  constructor(world: FuzzWorld, identity: ClientIdentity, index: number) {
    this.world = world;
    this.identity = identity;
    this.index = index;
  }

  get id(): string {
    return this.identity.client;
  }

  /** The next step of a client that does what it should. */
  async advance(): Promise<void> {
    if (!this.session) return this.connect();
    if (!this.isReady) return this.getReady();
    if (!this.offer || this.isAnswered(this.offer)) return;
    if (this.mask?.round !== this.offer.round) return this.sendMask();
    if (!this.upload) return this.announce();
    if (this.upload.offset < this.upload.bytes.length) return this.chunk(this.upload);
    return this.complete(this.upload);
  }

  /** The connection breaks. */
  async drop(): Promise<void> {
    const { session } = this;
    this.lineLost();
    // The gateway notes a failure in its log.
    await session?.end().catch(() => {});
  }

  async leave(): Promise<void> {
    const { session } = this;
    if (!session) return;
    await this.ask(session, 'leave', {});
    await this.drop();
  }

  /** The same key again, while the old connection still believes that it is the one. */
  async comeTwice(): Promise<void> {
    if (this.session) this.ghosts.push(this.session);
    this.session = null;
    this.isReady = false;
    this.upload = null;
    await this.connect();
    await this.getReady();
  }

  /** A packet of earlier comes again, on this connection or on an old one. */
  async repeat(): Promise<void> {
    const upload = this.lastUpload;
    const session = this.ghosts.at(-1) ?? this.session;
    if (!upload || !session) return;
    const attempt = this.latestAttempt(upload);
    const receipt = await this.ask(session, 'complete', { upload: upload.id });
    if (receipt?.kind === 'delta') this.note(receipt, attempt);
  }

  /** Another mask, or other numbers, than those that are under way. */
  vary(): void {
    this.variation++;
    this.mask = null;
    if (this.variation % 2) this.upload = null;
  }

  /** [UP4] Other numbers for a round that is acknowledged already. */
  async submitAgain(): Promise<void> {
    const { session, offer } = this;
    if (!session || !offer || !this.isAnswered(offer)) return;
    const { round } = offer;
    const before = this.answered.get(round)?.receipt.sha256;
    this.variation++;
    const { message } = await this.delta(offer);
    const answer = await this.ask(session, 'announce', message);
    if (answer?.state === 'done' && answer.receipt.kind === 'delta') this.note(answer.receipt, offer.attempt);
    if (answer?.state !== 'send') return;
    this.world.afterwards(async () => {
      // An operator who has the round repeated or skipped meanwhile has discarded what was answered.
      const stands = this.answered.get(round)?.receipt.sha256 === before;
      if (stands && (await this.world.counts(this.id, round)))
        this.violation(`round ${round} would be taken a second time`);
    });
  }

  lineLost(): void {
    this.session = null;
    this.isReady = false;
    this.offer = null;
    this.upload = null;
    this.mask = null;
    this.ghosts.length = 0;
  }

  private async connect(): Promise<void> {
    let session: ClientSession | null = null;
    session = this.world.connect({
      send: (name, message) => {
        if (name === 'offer' && this.session === session) this.takeOffer(message as RoundOffer);
      },
      close: () => {
        if (this.session === session) this.lineLost();
        void session?.end().catch(() => {});
      },
    });
    this.session = session;
    const federation = 'fuzzed';
    const { publicKey } = this.identity;
    const challenge = await this.ask(session, 'hello', {
      protocol: PROTOCOL_VERSION,
      federation,
      publicKey,
      agent: 'fuzz',
    });
    const signature = challenge && (await this.identity.sign(signedText(federation, challenge.nonce)));
    const welcome = signature && (await this.ask(session, 'prove', { signature }));
    if (!welcome && this.session === session) await this.drop();
  }

  private async getReady(): Promise<void> {
    const { session } = this;
    if (!session) return;
    const ready = { ...readyMessage, name: `client ${this.index}`, examples: { training: 50, heldOut: 5 } };
    const { reply, afterwards } = await session.handle('ready', ready);
    if (this.session !== session) return;
    this.isReady = reply.ok;
    if (!reply.ok) return this.drop();
    // A failure behind the answer costs the connection, as it does at the gateway.
    await afterwards?.().catch(() => this.drop());
  }

  private takeOffer(offer: RoundOffer): void {
    if (offer.round !== this.offer?.round) this.upload = null;
    this.offer = offer;
  }

  private async sendMask(): Promise<void> {
    const { session, offer } = this;
    if (!session || !offer) return;
    const { mask, hash } = await this.drawMask(offer.round);
    const { bytes, sha256 } = await encoded(mask, hash);
    const message = { kind: 'mask' as const, round: offer.round, bytes: bytes.length, sha256 };
    const answer = await this.ask(session, 'announce', message);
    if (answer?.state === 'send') {
      const { upload, offset } = answer;
      if (offset < bytes.length) await this.ask(session, 'chunk', { upload, offset, data: bytes.subarray(offset) });
      if (!(await this.ask(session, 'complete', { upload }))) return;
    }
    if (answer && this.session === session) this.mask = { mask, round: offer.round };
  }

  private async announce(): Promise<void> {
    const { session, offer } = this;
    if (!session || !offer) return;
    const { message, bytes } = await this.delta(offer);
    const answer = await this.ask(session, 'announce', message);
    if (answer?.state === 'done' && answer.receipt.kind === 'delta') this.note(answer.receipt, offer.attempt);
    if (answer?.state !== 'send' || this.session !== session) return;
    this.upload = { message, attempt: offer.attempt, bytes, id: answer.upload, session, offset: answer.offset };
    this.lastUpload = this.upload;
  }

  private async chunk(upload: Upload): Promise<void> {
    const { bytes, offset, id } = upload;
    // In two pieces, so that something can come between them.
    const end = offset === 0 ? bytes.length >> 1 : bytes.length;
    const answer = await this.ask(upload.session, 'chunk', { upload: id, offset, data: bytes.subarray(offset, end) });
    if (answer) upload.offset = answer.offset;
  }

  private async complete(upload: Upload): Promise<void> {
    const attempt = this.latestAttempt(upload);
    const receipt = await this.ask(upload.session, 'complete', { upload: upload.id });
    if (receipt?.kind === 'delta') this.note(receipt, attempt);
    if (this.upload === upload) this.upload = null;
  }

  /**
   * [UP4] Whatever comes later, the first answer stands.
   * @param attempt that was offered when it was asked for: what was discarded meanwhile is not of a later one
   */
  private note(receipt: Receipt, attempt: number): void {
    const { round, sha256 } = receipt;
    const first = this.answered.get(round);
    const isAnother = first?.receipt.sha256 !== sha256;
    if (first && isAnother && first.attempt >= attempt) this.violation(`round ${round} was answered in two ways`);
    if (isAnother) this.receipts.push(receipt);
    this.answered.set(round, { receipt, attempt: isAnother ? attempt : Math.max(attempt, first?.attempt ?? 0) });
  }

  private latestAttempt({ message, attempt }: Upload): number {
    return this.offer?.round === message.round ? this.offer.attempt : attempt;
  }

  /** An attempt that is offered after an answer says that what was answered is discarded: the operator repeats it. */
  private isAnswered({ round, attempt }: RoundOffer): boolean {
    return (this.answered.get(round)?.attempt ?? -1) >= attempt;
  }

  private async ask<K extends RequestName>(
    session: ClientSession,
    name: K,
    message: RequestOf<K>,
  ): Promise<ValueOf<K> | null> {
    const { reply } = await session.handle(name, message);
    if (reply.ok) return reply.value;
    if (session !== this.session) return null;
    if (reply.error.code === 'not-joined') this.lineLost();
    else if (reply.error.code === 'mask-missing') this.mask = null;
    else if (!passing.has(reply.error.code)) this.upload = null;
    return null;
  }

  private async drawMask(round: number): Promise<{ mask: Mask; hash: string }> {
    const { layout, hash } = await this.world.layout();
    return { mask: maskOf(layout.size, (this.index + round + this.variation) % 2), hash };
  }

  private async delta({ round, attempt }: RoundOffer) {
    const mask = this.mask?.mask ?? (await this.drawMask(round)).mask;
    const { hash } = await this.drawMask(round);
    const random = seededRandom(1000 * round + 10 * this.index + this.variation);
    const values = Float32Array.from({ length: mask.kept }, () => random() - 0.5);
    const bytes = encodeValues(values, 'f32', { layoutHash: hash, maskHash: (await encoded(mask, hash)).name });
    const sha256 = await sha256Hex(bytes);
    this.world.deltas.set(sha256, { mask, values });
    const report = { examples: 8 + 3 * this.index, steps: 3, seconds: 1 };
    return { bytes, message: { kind: 'delta' as const, round, attempt, bytes: bytes.length, sha256, report } };
  }

  private violation(text: string): void {
    this.world.violations.push(`client ${this.index}: ${text}`);
  }
}
