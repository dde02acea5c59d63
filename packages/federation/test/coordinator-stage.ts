import {
  type ErrorCode,
  type FederationConfig,
  notices,
  type OperatorAction,
  type Progress,
  ProtocolError,
  parseMessage,
  type Reply,
  type RequestName,
  type RequestOf,
  type RoundAction,
  type ValueOf,
} from '@perfit/protocol';
import type { Layout } from '@perfit/protocol/space';
import { FaultLog } from '../src/coordinator/fault-log.ts';
import {
  ClientSession,
  type FederationRoom,
  type Line,
  type MemoryStore,
  type SubmissionRow,
  UploadSlots,
} from '../src/coordinator/index.ts';
import { openMemoryRoom } from '../src/coordinator/memory-room.ts';
import { type Connection, type ConnectionEvent, ConnectionLost } from '../src/index.ts';
import { wakeAt } from '../src/round/round-state.ts';
import { LocalConnection } from '../src/simulation/local-connection.ts';
import { VirtualClock } from '../src/simulation/virtual-clock.ts';

export const FEDERATION = 'a-federation';

/** A request as it is sent. */
type SentRequest = { [K in RequestName]: { readonly name: K; readonly message: RequestOf<K> } }[RequestName];

/** What happens to one request: it arrives; it is lost on its way; its answer is lost; it is refused; what comes down is another. */
type Fate =
  | 'arrives'
  | 'request-lost'
  | 'answer-lost'
  | { readonly refuse: ErrorCode }
  | { readonly falsify: (answer: ValueOf<'download'>) => Promise<ValueOf<'download'>> };

interface StageParts {
  readonly room: FederationRoom;
  readonly store: MemoryStore;
  readonly layout: Layout;
  readonly clock: VirtualClock;
  readonly faults: FaultLog;
}

/**
 * The coordinator's own core on memory, for tests of clients: real sessions and signatures, a clock that only the test
 * moves, and faults on the lines between. A test reads what the coordinator has from its store, and acts as its operator.
 */
export class CoordinatorStage {
  readonly layout: Layout;
  readonly room: FederationRoom;
  readonly store: MemoryStore;
  /** Every request of every client, also those that do not arrive. */
  readonly requests: SentRequest[] = [];
  /** Every notice that was sent. */
  readonly notices: Progress[] = [];
  /** Decides about the n-th request of all. */
  fate: (request: SentRequest, index: number) => Fate = () => 'arrives';
  /** Called before a request arrives. What it throws, the client's request throws. */
  onRequest: (request: SentRequest) => void | Promise<void> = () => {};
  /** Called when the coordinator has done what a request asks: its answer goes out after this. */
  beforeAnswer: (request: SentRequest) => void | Promise<void> = () => {};
  private readonly clock: VirtualClock;
  private readonly slots: UploadSlots;
  /** What went wrong in the coordinator itself: no test asks for that. */
  private readonly faults: FaultLog;

  private constructor({ room, store, layout, clock, faults }: StageParts) {
    this.room = room;
    this.store = store;
    this.layout = layout;
    this.clock = clock;
    this.faults = faults;
    this.slots = new UploadSlots(Number.POSITIVE_INFINITY, clock);
  }

  /** A federation that its operator has started. */
  static async open(config: FederationConfig, layout: Layout): Promise<CoordinatorStage> {
    const clock = new VirtualClock();
    const faults = new FaultLog();
    const opened = await openMemoryRoom({ federation: FEDERATION, config, layout, clock, logger: faults });
    const stage = new CoordinatorStage({ ...opened, layout, clock, faults });
    await stage.act('start');
    return stage;
  }

  // Lines to it

  /** One client's way to it. It stays down after a loss until it is told to connect. */
  connection(): StageConnection {
    return new StageConnection(this);
  }

  session(line: Line): ClientSession {
    return new ClientSession({
      line,
      federations: { find: (id) => (id === FEDERATION ? this.room : null) },
      slots: this.slots,
      logger: this.faults,
    });
  }

  /** Makes the next request of any client throw it. */
  fail(error: unknown): void {
    this.faults.note(error);
  }

  assertSound(): void {
    this.faults.assertNone();
  }

  // What a test looks at

  get version(): number {
    return this.room.status.version;
  }

  /** Of the round that is under way. */
  get attempt(): number {
    const { state } = this.room;
    if (state.state !== 'training') throw new Error(`no round is under way: the federation is ${state.state}`);
    return state.attempt;
  }

  /** θ_g as it was committed last. @returns [N], not to be written to */
  theta(): Promise<Float32Array> {
    return this.room.theta();
  }

  /** What is accepted, by round. */
  submissions(): Promise<SubmissionRow[]> {
    return this.store.submissions(FEDERATION);
  }

  async acceptedRounds(): Promise<number[]> {
    return (await this.submissions()).map(({ round }) => round);
  }

  /** Every mask that was taken, in that order. */
  async masks(): Promise<{ client: string; kept: number; hash: string }[]> {
    const limit = Number.POSITIVE_INFINITY;
    const events = await this.store.eventPage(FEDERATION, { kinds: ['mask-received'], limit });
    return events.map(({ data }) => data as { client: string; kept: number; hash: string });
  }

  /** The requests of a name, as they were sent. */
  sent<K extends RequestName>(name: K): RequestOf<K>[] {
    return this.requests.filter((request) => request.name === name).map(({ message }) => message as RequestOf<K>);
  }

  // What a test does

  /** As the operator; `repeat` and `skip` are about the round that is under way. */
  async act(action: OperatorAction | RoundAction): Promise<void> {
    const hasChanged =
      action === 'repeat' || action === 'skip'
        ? await this.room.actOnRound(this.version + 1, action)
        : await this.room.act(action);
    if (!hasChanged) throw new Error(`there is nothing to ${action}: the federation is ${this.room.status.state}`);
  }

  /** As the operator, who sends everybody away. */
  async removeAll(): Promise<void> {
    for (const { id } of await this.store.clients(FEDERATION)) {
      await this.room.roster.moderate(id, 'remove', null);
    }
  }

  /** [RD2] Until the round closes: where everybody has submitted, and it is enough, it settles; else its deadline passes. */
  async passTime(): Promise<void> {
    await this.settled();
    const due = wakeAt(this.room.state);
    if (due === null) throw new Error(`nothing waits for the time: the federation is ${this.room.status.state}`);
    this.clock.advanceTo(due);
    await this.settled();
  }

  /** When the room has done what follows from everything so far. */
  async settled(): Promise<void> {
    await this.room.withRoundsQuiesced(async () => {});
    this.assertSound();
  }
}

/** As a session gives it. */
interface Answer<K extends RequestName> {
  readonly reply: Reply<ValueOf<K>>;
  readonly afterwards?: () => Promise<void>;
}

/** A line between one client and the coordinator of a stage, as long as it holds. */
interface Link {
  readonly session: ClientSession;
  /** Aborted when the line is lost, by what its requests throw. */
  readonly lost: AbortController;
}

/** A client's way to the coordinator of its process, with the faults that the stage's script says. */
class StageConnection implements Connection {
  isClosed = false;
  /** So many attempts to connect fail. */
  refusals = 0;
  private readonly stage: CoordinatorStage;
  private readonly local = new LocalConnection((line) => this.open(line));
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  private link: Link | null = null;

  constructor(stage: CoordinatorStage) {
    this.stage = stage;
    this.local.on((event) => this.tell(event));
  }

  connect(): void {
    if (this.link || this.isClosed) return;
    if (this.refusals > 0) {
      this.refusals--;
      queueMicrotask(() => this.tell({ type: 'lost', reason: 'nobody answers' }));
    } else this.local.connect();
  }

  async request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>> {
    signal?.throwIfAborted();
    if (!this.link) throw new ConnectionLost('not connected');
    const { signal: lost } = this.link.lost;
    return unlessAborted(signal ? AbortSignal.any([lost, signal]) : lost, () => this.local.request(name, message));
  }

  notify(name: 'progress', message: Progress): void {
    if (!this.link) return;
    this.stage.notices.push(parseMessage(notices[name], message, name));
    this.link.session.notice(message);
  }

  on(listener: (event: ConnectionEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.isClosed = true;
    this.listeners.clear();
    this.lose('the client has hung up');
  }

  /** The coordinator learns of it at once. */
  lose(reason = 'the script says so'): void {
    const { link } = this;
    if (!link) return;
    this.link = null;
    this.local.hangUp().catch((error) => this.stage.fail(error));
    this.tell({ type: 'lost', reason });
    link.lost.abort(new ConnectionLost(reason));
  }

  private open(line: Line): Pick<ClientSession, 'handle' | 'end'> {
    const lost = new AbortController();
    const close = () => !lost.signal.aborted && this.lose('the coordinator has hung up');
    const link = { session: this.stage.session({ send: line.send, close }), lost };
    this.link = link;
    return {
      handle: (name, message) => this.exchange(link, name, message),
      end: () => link.session.end(),
    };
  }

  private async exchange<K extends RequestName>(link: Link, name: K, message: unknown): Promise<Answer<K>> {
    const { stage } = this;
    const { session, lost } = link;
    const request = { name, message } as SentRequest;
    const index = stage.requests.push(request) - 1;
    const fate = stage.fate(request, index);
    if (fate === 'request-lost') this.lose('the request was lost');
    else if (typeof fate === 'object' && 'refuse' in fate) {
      throw new ProtocolError(fate.refuse, `refused by the script: ${fate.refuse}`);
    }
    lost.signal.throwIfAborted();
    await stage.onRequest(request);
    lost.signal.throwIfAborted();
    const { reply, afterwards } = await session.handle(name, message);
    await stage.beforeAnswer(request);
    if (fate === 'answer-lost' && this.link === link) this.lose('the answer was lost');
    stage.assertSound();
    if (reply.ok && typeof fate === 'object' && 'falsify' in fate) {
      return { reply: { ok: true, value: (await fate.falsify(reply.value as ValueOf<'download'>)) as ValueOf<K> } };
    }
    return { reply, ...(afterwards ? { afterwards: () => afterwards().catch((error) => stage.fail(error)) } : {}) };
  }

  private tell(event: ConnectionEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** What `work` gives, unless the signal comes first: then its reason is thrown, and nobody waits for the work. */
function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
