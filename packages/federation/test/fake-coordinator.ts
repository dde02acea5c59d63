import {
  type Announce,
  type AnnouncementName,
  type AnnouncementOf,
  announcements,
  decodeMask,
  decodeValues,
  downDtype,
  type ErrorCode,
  encodeValues,
  type FederationConfig,
  type FederationDescriptor,
  type FederationStatus,
  MAX_CHUNK_BYTES,
  maskByteLimit,
  maskHash,
  notices,
  ProtocolError,
  parseMessage,
  type Ready,
  type Receipt,
  type RequestName,
  type RequestOf,
  requests,
  sha256Hex,
  signedText,
  type ValueOf,
  valuesByteLength,
} from '@perfit/protocol';
import { initialTheta, type Layout, layoutHash, Mask } from '@perfit/protocol/space';
import {
  type Connection,
  type ConnectionEvent,
  ConnectionLost,
  checkDelta,
  checkExchangedMask,
  clientIdOf,
  densityOf,
  ParameterSums,
  verifySignature,
  weightOf,
} from '../src/index.ts';

/** What happens to one request: it arrives; it is lost on its way; its answer is lost; it is refused. */
export type Fate = 'arrives' | 'request-lost' | 'answer-lost' | { readonly refuse: ErrorCode };

interface Upload {
  readonly id: string;
  readonly announce: Announce;
  readonly bytes: Uint8Array;
  offset: number;
}

interface ClientState {
  ready: Ready | null;
  density: number;
  mask: Mask | null;
  connection: FakeConnection | null;
  upload: Upload | null;
  readonly receipts: Map<string, Receipt>;
  lastSubmission: number | null;
}

/**
 * A small coordinator in memory: real codecs, real sums, schemas at both ends, and a script of faults. It closes a
 * round when everybody who takes part has submitted.
 */
export class FakeCoordinator {
  readonly config: FederationConfig;
  readonly layout: Layout;
  readonly clients = new Map<string, ClientState>();
  readonly requestLog: RequestName[] = [];
  readonly accepted: { readonly client: string; readonly round: number; readonly announce: Announce }[] = [];
  readonly masks: Mask[] = [];
  readonly progress: unknown[] = [];
  readonly readies: Ready[] = [];
  theta: Float32Array;
  /** What it says of owners, [N]: a test writes here. */
  owners: Float32Array;
  version = 0;
  attempt = 1;
  searchAnew = false;
  /** Tells what follows from a submission before it answers it. */
  isHasty = false;
  /** Has the round repeated when the first submission is taken, before it is answered, and discards that. */
  repeatsOnce = false;
  state: FederationStatus['state'] = 'recruiting';
  /** Decides about the n-th request of all. */
  fate: (index: number, name: RequestName) => Fate = () => 'arrives';
  /** Called before a request is handled; may close rounds, replace clients and so on. */
  onRequest: (name: RequestName, client: string | null) => void = () => {};
  private hash = '';
  private sums: ParameterSums;
  private nextUpload = 1;

  constructor(config: FederationConfig, layout: Layout) {
    this.config = config;
    this.layout = layout;
    this.theta = initialTheta(layout, config.seed);
    this.owners = new Float32Array(layout.size);
    this.sums = new ParameterSums(layout.size);
  }

  async open(): Promise<this> {
    this.hash = await layoutHash(this.layout);
    return this;
  }

  connection(): FakeConnection {
    return new FakeConnection(this);
  }

  get descriptor(): FederationDescriptor {
    const layout = { hash: this.hash, size: this.layout.size };
    return { id: 'a-federation', config: this.config, modelPath: '/models/none/', layout };
  }

  get round(): number {
    return this.version + 1;
  }

  offerTo(client: ClientState): void {
    client.connection?.announce('offer', {
      round: this.round,
      attempt: this.attempt,
      version: this.version,
      remainingMs: 60_000,
      density: client.density,
      searchAnew: this.searchAnew,
    });
  }

  /** Ends the attempt without a commit, and offers the next one to those who have not submitted. */
  failAttempt(reason: string): void {
    const { round, attempt, version } = this;
    this.attempt++;
    for (const client of this.clients.values()) {
      client.connection?.announce('closed', { round, attempt, outcome: 'failed', version, submissions: 0, reason });
      if (client.lastSubmission !== round) this.offerTo(client);
    }
  }

  private repeatAnew(): void {
    this.attempt++;
    this.sums = new ParameterSums(this.layout.size);
    this.accepted.splice(0);
    for (const client of this.clients.values()) {
      client.lastSubmission = null;
      for (const [key, { kind }] of client.receipts) if (kind === 'delta') client.receipts.delete(key);
      this.offerTo(client);
    }
  }

  status(): FederationStatus {
    const { schedule } = this.config;
    const { state, version } = this;
    const round = state === 'training' ? this.round : version;
    return { state, round, rounds: schedule.rounds, version, ready: this.clients.size, recruit: schedule.recruit };
  }

  tellStatus(): void {
    for (const client of this.clients.values()) client.connection?.announce('status', this.status());
  }

  /** Commits what is there, whoever is missing. */
  commit(): void {
    const { round, attempt } = this;
    const submissions = this.accepted.filter((one) => one.round === round).length;
    this.theta = this.sums.apply(this.theta);
    this.sums = new ParameterSums(this.layout.size);
    this.version++;
    this.attempt = 1;
    if (this.version === this.config.schedule.rounds) this.state = 'finished';
    for (const client of this.clients.values()) {
      client.upload = null;
      const closed = { round, attempt, outcome: 'committed', version: this.version, submissions } as const;
      client.connection?.announce('closed', closed);
    }
    this.tellStatus();
    if (this.state === 'training') for (const client of this.clients.values()) this.offerTo(client);
  }

  async handle<K extends RequestName>(name: K, message: RequestOf<K>, from: FakeConnection): Promise<ValueOf<K>> {
    const handlers: { [N in RequestName]: (message: RequestOf<N>, from: FakeConnection) => unknown } = {
      hello: (hello) => this.hello(hello, from),
      prove: (proof) => this.prove(proof, from),
      ready: (ready) => this.ready(ready, this.clientOf(from)),
      announce: (announce) => this.announce(announce, this.clientOf(from)),
      chunk: (chunk) => this.chunk(chunk, this.clientOf(from)),
      complete: (complete) => this.complete(complete, this.clientOf(from), from.client as string),
      download: (wanted) => this.download(wanted, this.clientOf(from)),
      leave: () => ({}),
    };
    return parseMessage(requests[name].value, await handlers[name](message, from), name) as ValueOf<K>;
  }

  private hello(hello: RequestOf<'hello'>, from: FakeConnection): ValueOf<'hello'> {
    if (from.client) throw new ProtocolError('bad-message', 'This connection has said hello already.');
    if (hello.protocol !== 1) throw new ProtocolError('protocol-version', 'another version');
    if (hello.federation !== 'a-federation') throw new ProtocolError('unknown-federation', 'unknown');
    if (this.config.access === 'invite' && hello.invite !== 'come-in') throw new ProtocolError('invite-invalid', 'no');
    from.publicKey = hello.publicKey;
    from.nonce = `nonce-nonce-nonce-nonce-${this.requestLog.length}`;
    return { nonce: from.nonce };
  }

  private async prove({ signature }: RequestOf<'prove'>, from: FakeConnection): Promise<ValueOf<'prove'>> {
    const isTheirs = await verifySignature(from.publicKey, signedText('a-federation', from.nonce), signature);
    if (!isTheirs) throw new ProtocolError('signature-invalid', 'not your key');
    const id = await clientIdOf(from.publicKey);
    const known = this.clients.get(id);
    const client: ClientState = known ?? {
      ready: null,
      density: 1,
      mask: null,
      connection: null,
      upload: null,
      receipts: new Map(),
      lastSubmission: null,
    };
    if (client.connection && client.connection !== from) client.connection.replace();
    client.connection = from;
    this.clients.set(id, client);
    from.client = id;
    const mask = client.mask && (await maskHash(client.mask));
    return { client: id, federation: this.descriptor, standing: { mask, lastSubmission: client.lastSubmission } };
  }

  private ready(ready: Ready, client: ClientState): ValueOf<'ready'> {
    client.ready = ready;
    this.readies.push(ready);
    client.density = densityOf(this.config, {
      maxDensity: ready.maxDensity,
      tokensPerSecond: ready.device.tokensPerSecond,
    });
    queueMicrotask(() => this.afterReady(client));
    return { density: client.density };
  }

  private afterReady(client: ClientState): void {
    client.connection?.announce('status', this.status());
    const present = [...this.clients.values()].filter((one) => one.ready);
    if (this.state === 'recruiting' && present.length >= this.config.schedule.recruit) {
      this.state = 'training';
      this.tellStatus();
      for (const one of present) this.offerTo(one);
    } else if (this.state === 'training' && client.lastSubmission !== this.round) {
      this.offerTo(client);
    }
  }

  private async announce(announce: Announce, client: ClientState): Promise<ValueOf<'announce'>> {
    const known = client.receipts.get(receiptKey(announce));
    if (known) return { state: 'done', receipt: known };
    if (announce.round !== this.round) throw new ProtocolError('round-closed', `round ${announce.round} is over`);
    if (announce.kind === 'mask') {
      if (announce.bytes > maskByteLimit(this.layout.size)) throw new ProtocolError('upload-size', 'too long');
    } else {
      if (announce.attempt > this.attempt) throw new ProtocolError('round-unknown', 'not offered yet');
      if (!client.mask) throw new ProtocolError('mask-missing', 'no mask');
      if (announce.bytes !== valuesByteLength(client.mask.kept, this.config.wire.dtype)) {
        throw new ProtocolError('upload-size', 'wrong length');
      }
    }
    const begun = client.upload;
    if (begun?.announce.sha256 === announce.sha256) return { state: 'send', upload: begun.id, offset: begun.offset };
    const id = `upload-${this.nextUpload++}`;
    client.upload = { id, announce, bytes: new Uint8Array(announce.bytes), offset: 0 };
    return { state: 'send', upload: id, offset: 0 };
  }

  private chunk({ upload: id, offset, data }: RequestOf<'chunk'>, client: ClientState): ValueOf<'chunk'> {
    const upload = client.upload;
    if (upload?.id !== id) throw new ProtocolError('upload-unknown', 'unknown');
    if (data.length > MAX_CHUNK_BYTES) throw new ProtocolError('upload-size', 'the chunk is too long');
    if (offset !== upload.offset) throw new ProtocolError('upload-offset', `the server is at ${upload.offset}`);
    upload.bytes.set(data, offset);
    upload.offset += data.length;
    return { offset: upload.offset };
  }

  private async complete(
    { upload: id }: RequestOf<'complete'>,
    client: ClientState,
    clientId: string,
  ): Promise<ValueOf<'complete'>> {
    const upload = client.upload;
    if (upload?.id !== id) throw new ProtocolError('upload-unknown', 'unknown');
    const { announce, bytes } = upload;
    client.upload = null;
    if ((await sha256Hex(bytes)) !== announce.sha256) throw new ProtocolError('upload-hash', 'another hash');
    const { kind, round, sha256 } = announce;
    const receipt: Receipt = { kind, round, sha256, bytes: bytes.length };
    if (announce.kind === 'mask') {
      const mask = await decodeMask(bytes, { layoutHash: this.hash, size: this.layout.size });
      checkExchangedMask(mask, this.layout, {
        config: this.config,
        density: client.density,
        round,
      });
      client.mask = mask;
      this.masks.push(mask);
    } else {
      await this.takeDelta(bytes, client, announce);
      client.lastSubmission = round;
      this.accepted.push({ client: clientId, round, announce });
    }
    client.receipts.set(receiptKey(announce), receipt);
    // The answer goes out before anything that follows from it.
    if (announce.kind === 'delta' && this.isHasty) this.afterSubmission(round);
    if (announce.kind === 'delta' && !this.isHasty) setImmediate(() => this.afterSubmission(round));
    return receipt;
  }

  private async takeDelta(bytes: Uint8Array, client: ClientState, announce: Extract<Announce, { kind: 'delta' }>) {
    const mask = client.mask as Mask;
    const owner = { layoutHash: this.hash, maskHash: await maskHash(mask) };
    const values = decodeValues(bytes, { ...owner, count: mask.kept, dtype: this.config.wire.dtype });
    checkDelta(values, { maxNorm: this.config.maxDeltaNorm });
    this.sums.add(mask, values, weightOf(announce.report.examples, this.config.weighting));
  }

  private afterSubmission(round: number): void {
    if (this.repeatsOnce) {
      this.repeatsOnce = false;
      this.repeatAnew();
      return;
    }
    const everybody = [...this.clients.values()].filter((client) => client.ready);
    if (round === this.round && everybody.every((client) => client.lastSubmission === round)) this.commit();
  }

  private async download({ what, version, offset }: RequestOf<'download'>, client: ClientState) {
    if (version !== this.version) throw new ProtocolError('round-closed', 'that version is gone');
    const mask = what === 'slice' ? client.mask : Mask.full(this.layout.size);
    if (!mask) throw new ProtocolError('mask-missing', 'no mask');
    const owner = { layoutHash: this.hash, maskHash: await maskHash(mask) };
    const bytes = encodeValues(
      mask.pack(what === 'owners' ? this.owners : this.theta),
      downDtype(this.config.wire),
      owner,
    );
    const data = bytes.slice(offset, offset + MAX_CHUNK_BYTES);
    return { data, total: bytes.length, sha256: await sha256Hex(bytes) };
  }

  private clientOf(connection: FakeConnection): ClientState {
    const client = connection.client && this.clients.get(connection.client);
    if (!client) throw new ProtocolError('not-joined', 'shake hands first');
    return client;
  }
}

/** [UP4] A delta is answered by its round, whatever its bytes are; a mask by its bytes. */
function receiptKey({ kind, round, sha256 }: Announce): string {
  return kind === 'mask' ? `mask ${sha256}` : `delta ${round}`;
}

/** One client's way to the fake coordinator. It stays down after a loss until it is told to connect. */
export class FakeConnection implements Connection {
  client: string | null = null;
  publicKey = '';
  nonce = '';
  isClosed = false;
  isConnected = false;
  /** So many attempts to connect fail. */
  refusals = 0;
  private readonly coordinator: FakeCoordinator;
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  /** Rejects what waits for an answer on this connection. */
  private loss: { readonly promise: Promise<never>; readonly reject: (error: Error) => void } | null = null;

  constructor(coordinator: FakeCoordinator) {
    this.coordinator = coordinator;
  }

  connect(): void {
    if (this.isConnected || this.isClosed) return;
    if (this.refusals > 0) {
      this.refusals--;
      queueMicrotask(() => this.tell({ type: 'lost', reason: 'nobody answers' }));
      return;
    }
    this.isConnected = true;
    let reject: (error: Error) => void = () => {};
    const promise = new Promise<never>((_, fail) => {
      reject = fail;
    });
    promise.catch(() => {});
    this.loss = { promise, reject };
    queueMicrotask(() => this.tell({ type: 'connected' }));
  }

  async request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>> {
    signal?.throwIfAborted();
    const { loss } = this;
    if (!this.isConnected || !loss) throw new ConnectionLost('not connected');
    const index = this.coordinator.requestLog.push(name) - 1;
    const fate = this.coordinator.fate(index, name);
    if (fate === 'request-lost') {
      this.lose();
      throw new ConnectionLost('the request was lost');
    }
    if (typeof fate === 'object') throw new ProtocolError(fate.refuse, `refused by the script: ${fate.refuse}`);
    this.coordinator.onRequest(name, this.client);
    const asked = parseMessage(requests[name].request, message, name) as RequestOf<K>;
    const answer = await Promise.race([this.coordinator.handle(name, asked, this), loss.promise]);
    if (fate === 'answer-lost') {
      this.lose();
      throw new ConnectionLost('the answer was lost');
    }
    signal?.throwIfAborted();
    return answer;
  }

  notify(name: 'progress', message: unknown): void {
    this.coordinator.progress.push(parseMessage(notices[name], message, name));
  }

  on(listener: (event: ConnectionEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.isConnected = false;
    this.isClosed = true;
  }

  lose(reason = 'the script says so'): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    // A server learns of a loss sooner or later; this one at once.
    const client = this.client && this.coordinator.clients.get(this.client);
    if (client && client.connection === this) client.connection = null;
    this.client = null;
    this.loss?.reject(new ConnectionLost(reason));
    this.tell({ type: 'lost', reason });
  }

  replace(): void {
    this.announce('replaced', {});
    this.isConnected = false;
  }

  announce<K extends AnnouncementName>(name: K, message: AnnouncementOf<K>): void {
    if (!this.isConnected) return;
    const parsed = parseMessage(announcements[name], message, name);
    this.tell({ type: name, message: parsed } as ConnectionEvent);
  }

  private tell(event: ConnectionEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
