import {
  announcements,
  MAX_CHUNK_BYTES,
  notices,
  PROTOCOL_VERSION,
  ProtocolError,
  parseMessage,
  type Reply,
  type RequestName,
  type RequestOf,
  requests,
  signedText,
  type ValueOf,
} from '@perfit/protocol';
import { verifySignature } from '../identity.ts';
import type { FederationRoom } from './federation-room.ts';
import type { Logger } from './ports.ts';
import type { Applicant } from './roster.ts';
import type { ClientConnection } from './seat.ts';
import { SerialQueue } from './serial-queue.ts';
import { UploadService, type UploadSlots } from './upload-service.ts';

/** What a session needs of its socket. */
export interface Line {
  send(name: string, message: unknown): void;
  close(): void;
}

export interface SessionParts {
  readonly line: Line;
  readonly federations: { find(id: string): FederationRoom | null };
  readonly slots: UploadSlots;
  readonly logger: Logger;
  /** A sentence for whoever waits, where disk or database are to blame for an error and it may pass; else null. */
  readonly storageProblem?: (error: unknown) => string | null;
  /** Where nobody could pretend to be another: a simulation. */
  readonly verify?: typeof verifySignature;
}

type Phase =
  | { readonly phase: 'new' }
  | {
      readonly phase: 'challenged';
      readonly hello: RequestOf<'hello'>;
      readonly room: FederationRoom;
      readonly nonce: string;
    }
  | Joined
  | { readonly phase: 'gone' };

interface Joined {
  readonly phase: 'joined';
  readonly room: FederationRoom;
  readonly client: string;
  readonly uploads: UploadService;
}

/** What is done once the answer is on its way. */
interface Answer<K extends RequestName> {
  readonly value: ValueOf<K>;
  readonly afterwards?: () => Promise<void>;
}

/** One connection of a client, from its first word to its last (HS1–HS3). Nothing that it sends throws out of here. */
export class ClientSession {
  private readonly parts: SessionParts;
  private readonly connection: ClientConnection;
  private logger: Logger;
  private readonly queue = new SerialQueue();
  private state: Phase = { phase: 'new' };

  constructor(parts: SessionParts) {
    this.parts = parts;
    this.logger = parts.logger;
    const { line } = parts;
    this.connection = {
      send: (name, message) => line.send(name, announcements[name].parse(message)),
      replace: () => {
        line.send('replaced', {});
        line.close();
      },
      remove: () => {
        line.send('removed', {});
        line.close();
      },
      close: () => line.close(),
    };
  }

  get hasJoined(): boolean {
    return this.state.phase === 'joined';
  }

  /** Answers a request, whatever it is; `afterwards` is for when the answer is on its way. */
  async handle<K extends RequestName>(
    name: K,
    message: unknown,
  ): Promise<{ reply: Reply<ValueOf<K>>; afterwards?: () => Promise<void> }> {
    try {
      const request = parseMessage(requests[name].request, message, name) as RequestOf<K>;
      const { value, afterwards } = await this.answer(name, request);
      return { reply: { ok: true, value }, ...(afterwards ? { afterwards } : {}) };
    } catch (error) {
      return { reply: { ok: false, error: this.refusal(name, error).toBody() } };
    }
  }

  notice(message: unknown): void {
    const progress = notices.progress.safeParse(message);
    if (this.state.phase !== 'joined' || !progress.success) return;
    this.state.room.roster.progress(this.state.client, this.connection, progress.data);
  }

  /** The socket is gone. */
  async end(): Promise<void> {
    await this.queue.run(() => this.goodbye());
  }

  private answer<K extends RequestName>(name: K, request: RequestOf<K>): Promise<Answer<K>> {
    const handler = this.handlers[name] as (request: RequestOf<K>) => Promise<Answer<K>>;
    return handler(request);
  }

  private readonly handlers: { [K in RequestName]: (request: RequestOf<K>) => Promise<Answer<K>> } = {
    hello: (request) => this.queue.run(() => this.hello(request)),
    prove: (request) => this.queue.run(() => this.prove(request)),
    ready: (request) => this.queue.run(() => this.ready(request)),
    conclude: async (conclusion) => {
      const { room, client } = this.joined();
      await room.roster.conclude(client, this.connection, conclusion);
      return { value: {} };
    },
    leave: () =>
      this.queue.run(async () => {
        this.joined();
        await this.goodbye();
        return { value: {} };
      }),
    announce: async (request) => ({ value: await this.joined().uploads.announce(request) }),
    chunk: async (request) => ({ value: await this.joined().uploads.chunk(request) }),
    complete: async (request) => ({ value: await this.joined().uploads.complete(request) }),
    download: (request) => this.download(request),
  };

  /** [HS1] */
  private async hello(hello: RequestOf<'hello'>): Promise<Answer<'hello'>> {
    if (this.state.phase === 'joined' || this.state.phase === 'gone') {
      throw new ProtocolError('bad-message', 'This connection has said hello already.');
    }
    if (hello.protocol !== PROTOCOL_VERSION) {
      throw new ProtocolError(
        'protocol-version',
        `The client speaks version ${hello.protocol} of the protocol, the coordinator version ${PROTOCOL_VERSION}.`,
        { client: hello.protocol, coordinator: PROTOCOL_VERSION },
      );
    }
    const room = this.parts.federations.find(hello.federation);
    if (!room) throw new ProtocolError('unknown-federation', `There is no federation "${hello.federation}" here.`);
    await room.roster.mayEnter(applicantOf(hello));
    const nonce = newNonce();
    this.state = { phase: 'challenged', hello, room, nonce };
    return { value: { nonce } };
  }

  /** [HS2] A nonce is good for one attempt. */
  private async prove({ signature }: RequestOf<'prove'>): Promise<Answer<'prove'>> {
    if (this.state.phase !== 'challenged') throw new ProtocolError('not-joined', 'Hello comes before the proof.');
    const { hello, room, nonce } = this.state;
    this.state = { phase: 'new' };
    const { verify = verifySignature } = this.parts;
    if (!(await verify(hello.publicKey, signedText(hello.federation, nonce), signature))) {
      throw new ProtocolError('signature-invalid', 'The signature is not one of this key over this challenge.');
    }
    const welcome = await room.roster.enter(applicantOf(hello), this.connection);
    const uploads = new UploadService(room, welcome.client, this.parts.slots);
    this.state = { phase: 'joined', room, client: welcome.client, uploads };
    this.logger = this.parts.logger.child({ federation: room.id, client: welcome.client });
    this.logger.debug({ agent: hello.agent }, 'a client has joined');
    return { value: welcome };
  }

  private async ready(message: RequestOf<'ready'>): Promise<Answer<'ready'>> {
    const { room, client } = this.joined();
    const density = await room.roster.ready(client, this.connection, message);
    return { value: { density }, afterwards: () => room.roster.takePart(client, this.connection) };
  }

  private async download({ what, version, offset }: RequestOf<'download'>): Promise<Answer<'download'>> {
    const { room, client } = this.joined();
    const { bytes, sha256 } = await room.intake.payload(client, what, version);
    if (offset > bytes.length) {
      throw new ProtocolError('download-range', `There are ${bytes.length} bytes; byte ${offset} is behind them.`);
    }
    const data = bytes.subarray(offset, offset + MAX_CHUNK_BYTES);
    room.traffic.add(client, 'down', data.length);
    return { value: { data, total: bytes.length, sha256 } };
  }

  private async goodbye(): Promise<void> {
    const before = this.state;
    this.state = { phase: 'gone' };
    if (before.phase !== 'joined') return;
    await before.uploads.close();
    await before.room.roster.leave(before.client, this.connection);
  }

  private joined(): Joined {
    if (this.state.phase !== 'joined')
      throw new ProtocolError('not-joined', 'This connection has not joined a federation.');
    return this.state;
  }

  private refusal(name: string, error: unknown): ProtocolError {
    if (error instanceof ProtocolError) {
      this.logger.debug({ request: name, code: error.code }, error.message);
      return error;
    }
    this.logger.error({ request: name, err: error }, 'a request failed');
    const problem = this.parts.storageProblem?.(error);
    if (problem) return new ProtocolError('storage-failed', `${problem} It may be tried again later.`);
    return new ProtocolError('internal', 'The coordinator failed at this; it may be tried again.');
  }
}

/** 24 bytes in base64url. */
function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

function applicantOf({ publicKey, agent, invite, returning = false }: RequestOf<'hello'>): Applicant {
  return { publicKey, agent, invite: invite ?? null, isReturning: returning };
}
