import { decodeValues, ProtocolError, type RoundClosed } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import type { Aggregation, GlobalState } from '../aggregation/aggregation.ts';
import { openAggregation } from '../aggregation/open-aggregation.ts';
import { checkSubmission, type SubmissionEvent } from '../round/admission.ts';
import type { RoundEffect, RoundEvent } from '../round/round-event.ts';
import {
  type Aggregating,
  isEnded,
  presentIn,
  type RoundState,
  versionOf,
  wakeAt,
  withPresent,
} from '../round/round-state.ts';
import { step } from '../round/step.ts';
import type { AdapterSpace, Adapters } from './adapters.ts';
import { applyYielding } from './apply-yielding.ts';
import type { TimerClock } from './clock.ts';
import { type EventMessage, eventMessagesOf } from './event-messages.ts';
import type { Logger, RoundMeter, Spool, UploadFile } from './ports.ts';
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

/** A submission whose contents are checked, with the upload that it lies in. */
export interface CheckedSubmission {
  readonly row: Omit<SubmissionRow, 'position'>;
  readonly upload: UploadFile;
  readonly mask: Mask;
  /** Packed, [mask.kept]. */
  readonly values: Float32Array;
}

/** What failed for the storage's sake, timer or commit, is tried again after this. */
const RETRY_MS = 1_000;

/**
 * Feeds one federation's round machine with events, one after another, and does what its effects say. Whatever
 * is acknowledged or announced is on disk before (RD3); whatever is in memory can be rebuilt from there (RD4).
 */
export class RoundDriver {
  /** Everything that reads or moves the round in more than one step runs in here. */
  readonly queue = new SerialQueue();
  private readonly id: string;
  private readonly parts: DriverParts;
  private readonly audience: Audience;
  private current: RoundState;
  private sums: Aggregation | null = null;
  private cancelTimer: () => void = () => {};
  /** The store has failed in a step: whether the step is on disk or not, only the disk knows. */
  private isStale = false;
  private isClosed = false;

  constructor(parts: DriverParts, audience: Audience) {
    this.id = parts.space.federation;
    this.parts = parts;
    this.audience = audience;
    this.current = parts.state;
  }

  get state(): RoundState {
    return this.current;
  }

  /** [RD4] After a restart: what was accepted is folded again, in the order in which it was; then the round goes on. */
  async open(): Promise<void> {
    if (isEnded(this.current)) return this.endRound(versionOf(this.current) + 1);
    await this.foldAgain();
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
   * [RD3] [UP4] Puts a submission on disk, counts it, and only then answers. Runs inside the queue.
   * The answer does not wait for the commit that the submission may bring about.
   */
  async accept({ row, upload, mask, values }: CheckedSubmission, answer: () => void): Promise<void> {
    if (this.isStale) await this.reload();
    const { client, round, attempt } = row;
    this.assertTakes({ client, round, attempt });
    const position = submittedIn(this.current).length + 1;
    const sums = await this.openSums();
    // Where the step is not stored, this file has no row, and is removed when the sums are folded again.
    await upload.accept(round, client);
    await this.dispatch(
      { type: 'submission', client, round, attempt },
      {
        accepted: { round, position, sha256: row.sha256, mask: row.maskHash, weight: row.weight },
        durably: (tx) => tx.addSubmission({ ...row, position }),
        whenStored: () => {
          this.parts.meter.accepted();
          sums.add(mask, values, row.weight);
          answer();
        },
      },
    );
  }

  /** One event: step, store, then act. Runs inside the queue. @throws ProtocolError `storage-failed` */
  async dispatch(
    input: RoundEventInput,
    also: {
      /** What the log says of an accepted submission: with it and the deltas' bytes a commit can be computed again. */
      accepted?: Record<string, unknown>;
      durably?: (tx: FederationStore) => Promise<void>;
      whenStored?: () => void;
    } = {},
  ): Promise<void> {
    if (this.isStale) await this.reload();
    const event = { ...input, at: this.parts.clock.now() } as RoundEvent;
    const before = this.current;
    const { state: after, effects } = step(before, event, this.parts.space.config.schedule);
    const nameOf = (client: string) => this.audience.nameOf(client);
    const log = eventMessagesOf({ before, event, after, effects, accepted: also.accepted ?? {}, nameOf });
    if (after !== before || effects.length > 0 || also.durably || log.length > 0) {
      await this.stored(async (tx) => {
        // Who is here is nothing that outlives this process, and thousands of names at every step are much to store.
        await tx.saveState(this.id, withPresent(after, []));
        for (const effect of effects) await this.record(effect, tx);
        await also.durably?.(tx);
        await tx.appendEvents(this.id, log);
      }, event.type);
    }
    this.current = after;
    this.logSteps(log);
    // The sums must hold a submission before the commit that it brings about.
    also.whenStored?.();
    for (const effect of effects) {
      this.measure(effect, event.at);
      // Everybody hears of the end of a round before the new state, and of the new state before its offers.
      if (effect.type !== 'close') this.audience.moved();
      await this.act(effect).catch((error: unknown) => {
        this.parts.logger.error({ effect: effect.type, err: error }, 'an effect failed');
      });
    }
    if (isEnded(this.current) && !isEnded(before)) await this.endRound(versionOf(this.current) + 1);
    this.arm();
    this.audience.moved();
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
      this.isStale = true;
      this.parts.meter.storageFailed('step');
      this.arm();
      this.parts.logger.error({ event: input, err: error }, 'the store refused a step');
      throw new ProtocolError('storage-failed', 'The coordinator could not store this; it may be tried again.');
    }
  }

  /** The part of an effect that belongs to the same transaction as the state. */
  private async record(effect: RoundEffect, tx: FederationStore): Promise<void> {
    const at = this.now();
    switch (effect.type) {
      case 'begin': {
        const { round: number, attempt } = effect;
        const row = { federation: this.id, number, attempt, reason: null, startedAt: at, closedAt: null };
        return tx.addRound({ ...row, state: 'training', aggregatingAt: null });
      }
      case 'commit':
        return tx.updateRound(this.id, effect, { state: 'aggregating', aggregatingAt: at });
      case 'close':
        return tx.updateRound(this.id, effect, { state: effect.outcome, reason: effect.reason, closedAt: at });
      case 'discard':
        return tx.removeSubmissions(this.id, effect.round);
      case 'offer':
      case 'accept':
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
  }

  /** What an effect does once it is stored. */
  private async act(effect: RoundEffect): Promise<void> {
    switch (effect.type) {
      case 'offer':
        for (const client of effect.clients) await this.audience.offer(client);
        return;
      case 'commit':
        return this.commit();
      case 'close': {
        const { type: _, reason, ...closed } = effect;
        this.audience.roundClosed({ ...closed, ...(reason ? { reason: reason.slice(0, 500) } : {}) });
        if (effect.outcome === 'committed') await this.endRound(effect.round);
        return;
      }
      case 'discard':
        return this.endRound(effect.round);
      case 'begin':
      case 'accept':
      case 'answer-again':
      case 'refuse':
        return;
    }
  }

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
          whenStored: () => meter.committed(clock.now() - since),
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
    if (submittedIn(this.current).length > 0) return applyYielding(await this.openSums());
    return this.parts.adapters.global(this.parts.space, versionOf(this.current));
  }

  /** Nothing of a single client is kept beyond its round. */
  private async endRound(round: number): Promise<void> {
    this.sums = null;
    await this.parts.spool.clear(round);
    await this.audience.roundEnded();
  }

  private arm(): void {
    this.cancelTimer();
    if (this.isClosed) return;
    const due = wakeAt(this.current);
    if (this.isStale || this.owesCommit()) this.wakeIn(RETRY_MS, () => this.catchUp());
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

  private async catchUp(): Promise<void> {
    if (this.isStale) await this.reload();
    if (this.owesCommit()) await this.commit();
    this.arm();
  }

  /** After a failure of the store: the disk says what has happened. */
  private async reload(): Promise<void> {
    const state = await this.parts.store.state(this.id);
    if (!state) throw new ProtocolError('storage-failed', 'The federation cannot be read from the store.');
    const here = presentIn(this.current).filter((client) => this.audience.isHere(client));
    this.current = withPresent(state, here);
    // The effects of a step that was stored after all have not been run.
    if (isEnded(state)) {
      this.isStale = false;
      return this.endRound(versionOf(this.current) + 1);
    }
    await this.foldAgain();
    // Whoever asked for this may be refused: then nothing else would wake it.
    this.arm();
    if (this.current.state !== 'training') return;
    const { present, submitted } = this.current;
    for (const client of present) if (!submitted.includes(client)) await this.audience.offer(client);
  }

  /** [RD4] Sums from the spool, in the order of acceptance. What the disk has lost is asked for again. */
  private async foldAgain(): Promise<void> {
    const { store, spool, logger } = this.parts;
    const round = versionOf(this.current) + 1;
    await spool.clear(round - 1);
    const rows = await store.submissions(this.id, [round]);
    await spool.keepOnly(
      round,
      rows.map((row) => row.client),
    );
    this.sums = null;
    const lost: string[] = [];
    for (const row of rows) {
      // Outside of what follows: a database that fails is asked again, and nothing is lost by that.
      const sums = await this.openSums();
      try {
        const { mask, values } = await this.readAccepted(row);
        sums.add(mask, values, row.weight);
      } catch (error) {
        if (isPassing(error)) throw error;
        logger.error({ round, client: row.client, err: error }, 'a submission is lost');
        lost.push(row.client);
      }
    }
    // Not before: half of the sums would be taken for all of them.
    this.isStale = false;
    if (lost.length === 0) return;
    const durably = async (tx: FederationStore) => {
      for (const client of lost) await tx.removeSubmission(this.id, round, client);
    };
    await this.dispatch({ type: 'submissions-lost', clients: lost }, { durably });
  }

  private async readAccepted({ client, round, maskBlob, maskHash }: SubmissionRow) {
    const { space, adapters, spool } = this.parts;
    const mask = await adapters.mask(space, maskBlob);
    const { layoutHash, config } = space;
    const expected = { layoutHash, maskHash, count: mask.kept, dtype: config.wire.dtype };
    return { mask, values: decodeValues(await spool.read(round, client), expected) };
  }

  /** Of the round that is under way. */
  private async openSums(): Promise<Aggregation> {
    const { space, adapters } = this.parts;
    const version = versionOf(this.current);
    const { config, layout } = space;
    this.sums ??= openAggregation({
      config,
      layout,
      round: version + 1,
      global: await adapters.global(space, version),
    });
    return this.sums;
  }

  private now(): Date {
    return new Date(this.parts.clock.now());
  }
}

/** Whether a file that could not be read may be there all the same: this process has run out of something. */
function isPassing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return ['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'ENOMEM'].includes(String(code));
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
