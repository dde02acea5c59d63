import {
  type Consent,
  type FederationDescriptor,
  type Progress,
  ProtocolError,
  type Ready,
  type Welcome,
} from '@perfit/protocol';
import { layoutHash } from '@perfit/protocol/space';
import type { LocalTuner } from '@perfit/protocol/tuner';
import { strategyOf } from '../strategy/registry.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { Ask } from './ask.ts';
import type { ClientEvent } from './client-event.ts';
import { shakeHands } from './handshake.ts';
import type { Pause } from './pause.ts';
import type { ClientStore, Clock, Connection, Identity } from './ports.ts';
import { RecordKeeper } from './record-keeper.ts';

export interface ClientOptions {
  /** The loop connects it and closes it. */
  readonly connection: Connection;
  readonly identity: Identity;
  readonly store: ClientStore;
  /** Loads model and text. Called once, when the coordinator has let the client in. */
  readonly tuner: (descriptor: FederationDescriptor) => Promise<LocalTuner>;
  readonly federation: string;
  readonly invite?: string;
  readonly name: string;
  /** Software and version, for the operator's eyes. */
  readonly agent: string;
  readonly device: Ready['device'];
  /** [PF8] */
  readonly shareEvaluation: boolean;
  /** What the person agreed to, for the coordinator's log. */
  readonly consent?: Consent;
  /** [PF2] */
  readonly maxDensity?: number;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  /** Stops and goes on with the computing, at any time. */
  readonly pause?: Pause;
  /**
   * [PF9] Whether the client has a twin that tunes on its text alone, beside what is shared: twice the computing. `waiting`
   * uses the time in which the client would wait for others; `end` begins after the last round. Absent is none.
   */
  readonly twin?: 'waiting' | 'end';
  /** Stops the twin alone: held at the end, there is no comparison. */
  readonly twinPause?: Pause;
  /** Where several clients share a processor: does what comes after the last round when it is this client's turn. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Leaves the federation when aborted. */
  readonly signal?: AbortSignal;
}

/** What is fixed once the client is in. */
export interface Member {
  readonly options: ClientOptions;
  /** What the coordinator calls it (HS2). */
  readonly client: string;
  readonly descriptor: FederationDescriptor;
  readonly strategy: Strategy;
  readonly tuner: LocalTuner;
  /** [PF2] Measured only where the federation's offer depends on it. */
  readonly tokensPerSecond: number | null;
  readonly keeper: RecordKeeper;
  /** The hash of the mask that the coordinator has of this client (HS3). */
  maskOnFile: string | null;
  /** The last round in which the coordinator accepted a delta of this client (HS3). */
  lastSubmission: number | null;
  readonly emit: (event: ClientEvent) => void;
  readonly report: (progress: Progress) => void;
}

/** [HS1] [HS2] [HS3] The handshake, again after every reconnect; model and text are loaded in the first. */
export class Membership {
  private readonly options: ClientOptions;
  private readonly emit: (event: ClientEvent) => void;
  private welcome: Welcome | null = null;
  private becoming: Promise<Member> | null = null;
  private joined: Member | null = null;

  constructor(options: ClientOptions, emit: (event: ClientEvent) => void) {
    this.options = options;
    this.emit = emit;
  }

  /** Null before the first handshake is done. */
  get memberIfAny(): Member | null {
    return this.joined;
  }

  /** Only a member is ever offered a round. */
  get member(): Member {
    if (!this.joined) throw new ProtocolError('bad-message', 'The coordinator offered a round before the handshake.');
    return this.joined;
  }

  /** [HS1] [HS2] */
  async enter(ask: Ask): Promise<void> {
    const { identity, federation, invite, agent } = this.options;
    const isReturning = this.welcome !== null;
    this.welcome = await shakeHands(ask, { identity, federation, invite, agent, isReturning });
  }

  /** [PF2] Once model and text are there. */
  async getReady(ask: Ask): Promise<void> {
    const { welcome } = this;
    if (!welcome) throw new Error('nobody is ready before being welcome');
    const { name, device, maxDensity, shareEvaluation, consent } = this.options;
    this.becoming ??= this.become(welcome);
    const member = await this.becoming;
    assertSameLayout(member.descriptor, welcome.federation.layout);
    member.maskOnFile = welcome.standing.mask;
    member.lastSubmission = welcome.standing.lastSubmission;
    const ready = {
      name,
      device: { ...device, ...(member.tokensPerSecond ? { tokensPerSecond: member.tokensPerSecond } : {}) },
      examples: member.tuner.examples,
      shareEvaluation,
      ...(consent ? { consent } : {}),
    };
    const { density } = await ask('ready', { ...ready, ...(maxDensity ? { maxDensity } : {}) });
    const resumed = this.joined !== null || member.keeper.isKnown || welcome.standing.mask !== null;
    this.joined = member;
    this.emit({ type: 'joined', client: welcome.client, federation: member.descriptor, density, resumed });
  }

  private async become(welcome: Welcome): Promise<Member> {
    const { options, emit } = this;
    const descriptor = welcome.federation;
    const tuner = await options.tuner(descriptor);
    const hash = await layoutHash(tuner.layout);
    assertSameLayout(descriptor, { hash, size: tuner.layout.size });
    const keeper = await RecordKeeper.open({
      store: options.store,
      federation: options.federation,
      layoutHash: hash,
      emit,
    });
    return {
      options,
      client: welcome.client,
      descriptor,
      strategy: strategyOf(descriptor.config.strategy),
      tuner,
      tokensPerSecond: descriptor.config.search.slowDevices.length ? await tuner.measureSpeed(options.signal) : null,
      keeper,
      maskOnFile: null,
      lastSubmission: null,
      emit,
      report: throttled(options),
    };
  }
}

/** [PF8] At most one notice a second, and one at every change of phase. The loss stays here unless it may be shared. */
function throttled(options: ClientOptions): (progress: Progress) => void {
  let last: { phase: Progress['phase']; at: number } | null = null;
  return ({ loss, ...progress }) => {
    const at = options.clock.now();
    if (last?.phase === progress.phase && at - last.at < 1000) return;
    last = { phase: progress.phase, at };
    const isShared = options.shareEvaluation && loss !== undefined && Number.isFinite(loss);
    options.connection.notify('progress', { ...progress, ...(isShared ? { loss } : {}) });
  };
}

function assertSameLayout(
  descriptor: FederationDescriptor,
  { hash, size }: { readonly hash: string; readonly size: number },
): void {
  const { layout } = descriptor;
  if (layout.hash === hash && layout.size === size) return;
  throw new ProtocolError(
    'codec-layout',
    `The federation's layout (${layout.size} numbers, ${layout.hash.slice(0, 8)}) is not this client's (${size}, ${hash.slice(0, 8)}).`,
  );
}
