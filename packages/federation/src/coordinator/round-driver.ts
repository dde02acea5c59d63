import { ProtocolError, type Receipt, type RoundClosed } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import type { Aggregation, GlobalState } from '../aggregation/aggregation.ts';
import { checkSubmission, type SubmissionEvent } from '../round/admission.ts';
import type { RoundEffect, RoundEffectOf, RoundEvent } from '../round/round-event.ts';
import { type Aggregating, isEnded, type RoundState, versionOf, wakeAt, withPresent } from '../round/round-state.ts';
import { step } from '../round/step.ts';
import type { AdapterSpace, Adapters } from './adapters.ts';
import { applyYielding } from './apply-yielding.ts';
import type { TimerClock } from './clock.ts';
import { type EventMessage, eventMessagesOf } from './event-messages.ts';
import type { Logger, RoundMeter, Spool, UploadFile } from './ports.ts';
import { RoundRecovery } from './round-recovery.ts';
import { RoundSums } from './round-sums.ts';
import { SerialQueue } from './serial-queue.ts';
import type { FederationStore, SubmissionRow } from './store.ts';

export interface DriverParts {
  readonly space: AdapterSpace;
  readonly state: RoundState;
  readonly store: FederationStore;
  readonly adapters: Adapters;
  readonly spool: Spool;
  readonly clock: TimerClock;
  readonly logger: Logger;
  readonly meter: RoundMeter;
}

/** Who hears of what the round machine does. */
export interface Audience {
  nameOf(client: string): string;
  isHere(client: string): boolean;
  offer(client: string): Promise<void>;
  roundClosed(closed: RoundClosed): void;
  /** The state has moved; it is stored. Called often: also where nothing of the status has changed. */
  moved(): void;
  roundEnded(): Promise<void>;
}

/** An event without its time: the driver's clock tells that. */
export type RoundEventInput = RoundEvent extends infer E ? (E extends RoundEvent ? Omit<E, 'at'> : never) : never;

/** A submission whose contents are checked, with the upload that it lies in, and whoever waits for the answer. */
export interface PendingSubmission {
  readonly row: Omit<SubmissionRow, 'position'>;
  readonly upload: UploadFile;
  readonly mask: Mask;
  /** Packed, [mask.kept]. */
  readonly values: Float32Array;
  readonly answer: (receipt: Receipt) => void;
  readonly refuse: (error: ProtocolError) => void;
}

/** What an event brings with it besides. */
interface Along {
  readonly submission?: PendingSubmission;
  /** In the same transaction as the state. */
  readonly durably?: (tx: FederationStore) => Promise<void>;
  readonly whenStored?: () => void;
}

/** One event on its way through the machine. */
interface Move {
  readonly event: RoundEvent;
  readonly after: RoundState;
  readonly along: Along;
  /** Opened before anything is stored, where a submission is accepted. */
  sums: Aggregation | null;
}

/** What failed for the storage's sake, timer or commit, is tried again after this. */
const RETRY_MS = 1_000;

/**
 * Feeds one federation's round machine with events, one after another, and does what its effects say: each is prepared,
 * recorded with the state in one transaction, and then acted on. Whatever is acknowledged or announced is on disk before
 * (RD3); whatever is in memory can be rebuilt from there (RD4).
 */
export class RoundDriver {
  /** Everything that reads or moves the round in more than one step runs in here. */
  readonly queue = new SerialQueue();
  private readonly id: string;
  private readonly parts: DriverParts;
  private readonly audience: Audience;
  private readonly sums: RoundSums;
  private readonly recovery: RoundRecovery;
  private current: RoundState;
  private cancelTimer: () => void = () => {};
  private isClosed = false;

  constructor(parts: DriverParts, audience: Audience) {
    this.id = parts.space.federation;
    this.parts = parts;
    this.audience = audience;
    this.current = parts.state;
    this.sums = new RoundSums(parts);
    this.recovery = this.recoveryOf(parts);
  }

  get state(): RoundState {
    return this.current;
  }

  /** [RD4] After a restart: what was accepted is folded again, in the order in which it was; then the round goes on. */
  async open(): Promise<void> {
    if (isEnded(this.current)) return this.endRound(versionOf(this.current) + 1);
    await this.recovery.foldAgain();
    await this.dispatch({ type: 'restarted' });
  }

  /** Finishes what is under way and keeps still. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelTimer();
    await this.queue.idle();
  }

  /** @throws ProtocolError as the round machine would refuse this submission now */
  assertTakes(submission: Omit<SubmissionEvent, 'at' | 'type'>): void {
    const { clock, space } = this.parts;
    checkSubmission(this.current, { ...submission, at: clock.now() }, space.config.schedule);
  }

  /**
   * [RD3] [UP4] The machine answers a submission: it is put on disk and counted before its receipt is given. Runs inside
   * the queue. The answer does not wait for the commit that the submission may bring about.
   */
  async submit(submission: PendingSubmission): Promise<void> {
    const { client, round, attempt } = submission.row;
    await this.dispatch({ type: 'submission', client, round, attempt }, { submission });
  }

  /** One event: step, store, then act. Runs inside the queue. @throws ProtocolError `storage-failed` */
  async dispatch(input: RoundEventInput, along: Along = {}): Promise<void> {
    await this.recovery.run();
    const event = { ...input, at: this.parts.clock.now() } as RoundEvent;
    const before = this.current;
    const { state: after, effects } = step(before, event, this.parts.space.config.schedule);
    const move: Move = { event, after, along, sums: null };
    const nameOf = (client: string) => this.audience.nameOf(client);
    const log = eventMessagesOf({ before, event, after, effects, accepted: acceptedIn(move), nameOf });
    for (const effect of effects) await this.prepare(effect, move);
    if (after !== before || effects.length > 0 || along.durably || log.length > 0) {
      await this.stored(async (tx) => {
        // Who is here is nothing that outlives this process, and thousands of names at every step are much to store.
        await tx.saveState(this.id, withPresent(after, []));
        for (const effect of effects) await this.record(effect, move, tx);
        await along.durably?.(tx);
        await tx.appendEvents(this.id, log);
      }, event.type);
    }
    this.current = after;
    this.logSteps(log);
    along.whenStored?.();
    for (const effect of effects) {
      this.measure(effect, event.at);
      // Everybody hears of the end of a round before the new state, and of the new state before its offers.
      if (effect.type !== 'close') this.audience.moved();
      await this.act(effect, move).catch((error: unknown) => {
        this.parts.logger.error({ effect: effect.type, err: error }, 'an effect failed');
      });
    }
    if (isEnded(this.current) && !isEnded(before)) await this.endRound(versionOf(this.current) + 1);
    this.arm();
    this.audience.moved();
  }

  /** What must be there before an effect is recorded. Where the step is not stored, it is removed when sums are folded again. */
  private async prepare(effect: RoundEffect, move: Move): Promise<void> {
    const { submission } = move.along;
    if (effect.type !== 'accept' || !submission) return;
    move.sums = await this.sums.open(versionOf(this.current));
    await submission.upload.accept(submission.row.round, effect.client);
  }

  /** The part of an effect that belongs to the same transaction as the state. */
  private async record(effect: RoundEffect, { along, after }: Move, tx: FederationStore): Promise<void> {
    const at = this.now();
    switch (effect.type) {
      case 'begin': {
        const { round: number, attempt } = effect;
        const row = { federation: this.id, number, attempt, reason: null, startedAt: at, closedAt: null };
        return tx.addRound({ ...row, state: 'training', aggregatingAt: null });
      }
      case 'accept':
        if (along.submission) await tx.addSubmission({ ...along.submission.row, position: submittedIn(after).length });
        return;
      case 'commit':
        return tx.updateRound(this.id, effect, { state: 'aggregating', aggregatingAt: at });
      case 'close':
        return tx.updateRound(this.id, effect, { state: effect.outcome, reason: effect.reason, closedAt: at });
      case 'discard':
        return tx.removeSubmissions(this.id, effect.round);
      case 'offer':
      case 'answer-again':
      case 'refuse':
        return;
    }
  }

  private measure(effect: RoundEffect, at: number): void {
    const { meter } = this.parts;
    if (effect.type === 'begin') meter.begun(at);
    if (effect.type === 'commit') meter.aggregating(at);
    if (effect.type === 'close') meter.closed(effect.outcome, at);
    if (effect.type === 'accept') meter.accepted();
  }

  /** What an effect does once it is stored. */
  private async act(effect: RoundEffect, move: Move): Promise<void> {
    switch (effect.type) {
      case 'offer':
        for (const client of effect.clients) await this.audience.offer(client);
        return;
      case 'accept':
        return this.count(move);
      case 'answer-again':
        return this.answerAgain(move);
      case 'refuse':
        move.along.submission?.refuse(new ProtocolError(effect.code, effect.message));
        return;
      case 'commit':
        return this.commit();
      case 'close':
        return this.closeRound(effect);
      case 'discard':
        return this.endRound(effect.round);
      case 'begin':
        return;
    }
  }

  /** [UP4] The sums hold a submission before the commit that it brings about. */
  private async count({ along: { submission }, sums }: Move): Promise<void> {
    if (!submission || !sums) return;
    const { mask, values, row } = submission;
    sums.add(mask, values, row.weight);
    submission.answer(receiptOf(row));
  }

  private async answerAgain({ along: { submission } }: Move): Promise<void> {
    if (!submission) return;
    const { round, client } = submission.row;
    const first = await this.parts.store.submission(this.id, round, client);
    submission.answer(receiptOf(first ?? submission.row));
  }

  private async closeRound({ type: _, reason, ...closed }: RoundEffectOf<'close'>): Promise<void> {
    this.audience.roundClosed({ ...closed, ...(reason ? { reason: reason.slice(0, 500) } : {}) });
    if (closed.outcome === 'committed') await this.endRound(closed.round);
  }

  /** What the operator's log says; of what a client does there is too much for every day. */
  private logSteps(log: readonly EventMessage[]): void {
    const { logger } = this.parts;
    for (const { kind, text, data } of log) {
      const ofClient = kind.startsWith('client-') || kind === 'submission-accepted';
      logger[ofClient ? 'debug' : 'info']({ event: kind, ...data }, text);
    }
  }

  private async stored(work: (tx: FederationStore) => Promise<void>, input: string): Promise<void> {
    try {
      await this.parts.store.transaction(work);
    } catch (error) {
      this.recovery.need();
      this.parts.meter.storageFailed('step');
      this.arm();
      this.parts.logger.error({ event: input, err: error }, 'the store refused a step');
      throw new ProtocolError('storage-failed', 'The coordinator could not store this; it may be tried again.');
    }
  }

  // The end of a round

  /** [PF6] [RD3] What the sums make of theta_g, on disk before anybody hears of it. */
  private async commit(): Promise<void> {
    const { logger, meter, clock } = this.parts;
    const version = versionOf(this.current);
    const since = clock.now();
    // A version without a commit that asks for it would stand in the way of the next one.
    if (!aggregatingIn(this.current)) return;
    try {
      const next = await this.nextGlobal();
      const blobs = await this.parts.adapters.keep(next);
      await this.dispatch(
        { type: 'committed', tuned: await this.tunedPerplexities(version + 1) },
        {
          durably: (tx) => tx.addVersion(this.id, version + 1, { ...blobs, at: this.now() }),
          whenStored: () => {
            this.parts.adapters.prime(this.parts.space, version + 1, next);
            meter.committed(clock.now() - since);
          },
        },
      );
    } catch (error) {
      const cause = error instanceof ProtocolError && error.code === 'delta-not-finite' ? 'aggregate' : 'storage';
      const reason = error instanceof Error ? error.message : String(error);
      if (cause === 'storage') meter.storageFailed('commit');
      logger.error({ round: version + 1, err: error }, 'the commit failed');
      // Then the state says when it is tried again; where not even that can be stored, the commit stays owed.
      await this.dispatch({ type: 'commit-failed', cause, reason }).catch(() => {});
    }
  }

  /** Of those who share theirs, where a target asks for them. */
  private async tunedPerplexities(round: number): Promise<number[]> {
    const { store, space } = this.parts;
    if (space.config.schedule.targetPerplexity === undefined) return [];
    const rows = await store.submissions(this.id, [round]);
    return rows.flatMap(({ report }) => report.perplexity?.tuned ?? []);
  }

  /** What nobody has submitted to is left as it is, whatever the strategy does with sums. */
  private async nextGlobal(): Promise<GlobalState> {
    const version = versionOf(this.current);
    if (submittedIn(this.current).length > 0) return applyYielding(await this.sums.open(version));
    return this.parts.adapters.global(this.parts.space, version);
  }

  /** Nothing of a single client is kept beyond its round. */
  private async endRound(round: number): Promise<void> {
    this.sums.drop();
    await this.parts.spool.clear(round);
    await this.audience.roundEnded();
  }

  // Time, and trouble

  private arm(): void {
    this.cancelTimer();
    if (this.isClosed) return;
    const due = wakeAt(this.current);
    if (this.recovery.isNeeded || this.owesCommit()) this.wakeIn(RETRY_MS, () => this.recovery.catchUp());
    else if (due !== null) this.wakeIn(due - this.parts.clock.now(), () => this.dispatch({ type: 'time-passed' }));
  }

  private wakeIn(milliseconds: number, work: () => Promise<void>): void {
    this.cancelTimer = this.parts.clock.after(Math.max(0, milliseconds), () => {
      this.queue.run(work).catch(() => {
        this.cancelTimer();
        if (!this.isClosed) this.wakeIn(RETRY_MS, work);
      });
    });
  }

  /**
   * A commit runs within the step that asks for it. Whatever stands closed after that, also behind a pause, and does
   * not wait for its next try, has lost its commit: its failure could not be stored, or its step was, unknown to us.
   */
  private owesCommit(): boolean {
    return aggregatingIn(this.current)?.retryAt === null;
  }

  private recoveryOf({ space, store, spool, logger }: DriverParts): RoundRecovery {
    const driver = this;
    return new RoundRecovery(
      { federation: space.federation, store, spool, logger, sums: this.sums },
      {
        get state() {
          return driver.current;
        },
        take: (state) => {
          this.current = state;
        },
        isHere: (client) => this.audience.isHere(client),
        offer: (client) => this.audience.offer(client),
        lose: (clients) => this.lose(clients),
        commitIfOwed: async () => {
          if (this.owesCommit()) await this.commit();
        },
        endRound: (round) => this.endRound(round),
        arm: () => this.arm(),
      },
    );
  }

  private async lose(clients: readonly string[]): Promise<void> {
    const round = versionOf(this.current) + 1;
    const durably = async (tx: FederationStore) => {
      for (const client of clients) await tx.removeSubmission(this.id, round, client);
    };
    await this.dispatch({ type: 'submissions-lost', clients }, { durably });
  }

  private now(): Date {
    return new Date(this.parts.clock.now());
  }
}

/** [UP4] The first answer, again. */
export function receiptOf({ round, sha256, bytes }: Pick<SubmissionRow, 'round' | 'sha256' | 'bytes'>): Receipt {
  return { kind: 'delta', round, sha256, bytes };
}

/** What the log says of an accepted submission: with it and the deltas' bytes a commit can be computed again. */
function acceptedIn({ along: { submission }, after }: Move): Record<string, unknown> {
  if (!submission) return {};
  const { round, sha256, maskHash: mask, weight } = submission.row;
  return { round, position: submittedIn(after).length, sha256, mask, weight };
}

/** The round that is closed and not yet committed, where there is one. */
function aggregatingIn(state: RoundState): Aggregating | null {
  const active = state.state === 'paused' ? state.held : state;
  return active.state === 'aggregating' ? active : null;
}

function submittedIn(state: RoundState): readonly string[] {
  if (isEnded(state)) return [];
  return state.state === 'paused' ? state.held.submitted : state.submitted;
}
