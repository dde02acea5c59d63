import {
  type DeltaReport,
  encodeMask,
  maskHash,
  ProtocolError,
  type Receipt,
  type RoundOffer,
  sha256Hex,
} from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import { givenMask, maxKept } from '../strategy/registry.ts';
import type { MaskSearch } from '../strategy/strategy.ts';
import type { Ask } from './ask.ts';
import { Channel } from './channel.ts';
import type { ClientEvent } from './client-event.ts';
import { type Conclusion, conclude } from './conclusion.ts';
import { encodeDelta } from './error-feedback.ts';
import { type ClientOptions, type Member, Membership } from './membership.ts';
import { drain, repeated, whenReleased } from './pausing.ts';
import type { ClientRecord } from './ports.ts';
import { searchReport, searchSettings, tuningSettings } from './round-settings.ts';
import { globalTheta, ownerShares, type RoundWork, receive, transferEvents } from './round-work.ts';
import { isPassing, Session, startOf } from './session.ts';
import { upload } from './transfer.ts';
import { catchUp, meanOfLast, twinIsBehind, validated } from './twin.ts';

const ANSWER_WITHIN_MS = 2000;

/**
 * A client's whole life in a federation: join, and then round after round receive, tune, submit. It deals with lost
 * connections, closed rounds and refusals itself, and returns after `finished` or `left`.
 * @throws ProtocolError where the coordinator does not let the client in; whatever the tuner throws
 */
export async function* runClient(options: ClientOptions): AsyncGenerator<ClientEvent, void, undefined> {
  const events = new Channel<ClientEvent>();
  const emit = (event: ClientEvent) => events.push(event);
  const session: Session = new Session({
    connection: options.connection,
    clock: options.clock,
    random: options.random,
    emit,
    handshake: [(ask) => membership.enter(ask), (ask) => membership.getReady(ask)],
  });
  const membership = new Membership(options, emit);
  const onAbort = () => session.finish({ type: 'left', reason: 'asked' });
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();
  const life = live(session, membership, emit).finally(() => events.close());
  // Its end is awaited below, perhaps long after it came.
  life.catch(() => {});
  try {
    yield* events;
    await life;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    // Whoever stops to listen wants the client to stop.
    onAbort();
    await life.catch(() => {});
  }
}

async function live(session: Session, membership: Membership, emit: (event: ClientEvent) => void): Promise<void> {
  session.open();
  try {
    for (;;) await playRound(await nextOffer(session, membership), session, membership.member);
  } catch (error) {
    session.finish({ type: 'failed', error });
  }
  try {
    await concludeAfter(session, membership);
  } finally {
    await session.hangUp();
  }
  if (session.end?.type === 'failed') throw session.end.error;
  if (session.end) emit(session.end);
}

/** [PF9] Waits for a round that this client has not finished with, and lets its twin work meanwhile. */
async function nextOffer(session: Session, membership: Membership): Promise<RoundOffer> {
  const member = membership.memberIfAny;
  const offered = session.nextOffer();
  if (member?.options.twin !== 'waiting') return offered;
  const over = new AbortController();
  const end = () => over.abort(new Error('there is something else to do'));
  offered.then(end, end);
  await twinInSpareTime(member, over.signal);
  return offered;
}

/** Until it has nothing to do, or the time is over. */
async function twinInSpareTime(member: Member, over: AbortSignal): Promise<void> {
  const { keeper, options } = member;
  try {
    do await options.twinPause?.released(over);
    while (!(await catchUp({ offer: { round: keeper.record.tuned?.round ?? 0 }, signal: over, member })));
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

/** [PF9] Where the federation has come to its end, and this client with it. */
async function concludeAfter(session: Session, membership: Membership): Promise<void> {
  const { end } = session;
  const member = membership.memberIfAny;
  if (end?.type !== 'finished' || !member || !mayConclude(member)) return;
  const { signal = new AbortController().signal, inTurn = (work) => work() } = member.options;
  const work = { offer: { round: end.status.version }, signal, member };
  const ask: Ask = (name, message) => member.options.connection.request(name, message, signal);
  try {
    const conclusion = await inTurn(() => conclude(work, { status: end.status, ask }));
    if (!conclusion) return;
    member.emit({ type: 'conclusion', ...conclusion });
    await tellConclusion(member, conclusion);
  } catch (error) {
    // Whoever leaves now has what the rounds left.
    if (!signal.aborted) throw error;
  }
}

/** [PF8] Where the person agrees; whoever hears it shows it of groups alone. Nothing depends on the answer. */
async function tellConclusion({ options }: Member, { perplexity, joining }: Conclusion): Promise<void> {
  const { alone, together, kept } = perplexity;
  if (!options.shareEvaluation || alone === null || !joining) return;
  // JSON has no infinity: what cannot be said is not.
  if (![alone, together, kept].every((value) => Number.isFinite(value))) return;
  const told = options.connection.request('conclude', {
    verdict: joining.verdict,
    perplexity: { together, alone, kept },
  });
  // A coordinator of an earlier version does not answer.
  await Promise.race([told, options.clock.sleep(ANSWER_WITHIN_MS)]).catch(() => {});
}

/** Once, and once more where its person wants a comparison afterwards. */
function mayConclude({ keeper, options }: Member): boolean {
  return !keeper.record.kept || (options.twin !== undefined && twinIsBehind(keeper.record) > 0);
}

/** One round from its offer to its receipt. It returns early where the round goes on without this client. */
async function playRound(offer: RoundOffer, session: Session, member: Member): Promise<void> {
  const signal = session.beginRound(offer);
  try {
    member.emit(startOf(offer));
    const round: RoundWork = { offer, session, signal, member };
    await whenReleased(round);
    const { owned, warm } = await findMask(round);
    const { config } = member.descriptor;
    const exchanged = member.strategy.exchanged(member.tuner.layout, owned, { config, round: offer.round });
    await handInMask(round, exchanged);
    const begun = await begin(round, { owned, exchanged, warm });
    const finished = begun.finished ?? (await tune(round, owned, begun));
    await submit(round, exchanged, { ...begun, finished });
    session.endRound(null);
  } catch (error) {
    if (session.end || !(error instanceof ProtocolError || signal.aborted)) throw error;
    if (signal.aborted) return session.endRound(null);
    await giveUp(error as ProtocolError, session, member);
  }
}

/** Refused: there is nothing more to do in this round. */
async function giveUp(error: ProtocolError, session: Session, member: Member): Promise<void> {
  member.emit({ type: 'problem', error, retry: 'This client waits for the next round.' });
  if (error.code === 'mask-missing') member.maskOnFile = null;
  // What came too late may still do in a repeat of the round (UP5); what is wrong in itself never will.
  const isFinal = /^(delta|codec)-/.test(error.code);
  if (isFinal) await member.keeper.update({ inProgress: null });
  session.endRound(isFinal ? 'round' : error.code === 'round-closed' || isPassing(error) ? null : 'attempt');
}

interface FoundMask {
  readonly owned: Mask;
  /** What the warm-up of this round's search tuned, [N]; null where none was due. */
  readonly warm: Float32Array | null;
}

/** [PF3] The mask that the client has, or a new one: for the first time, when asked to, or for another budget. */
async function findMask(round: RoundWork): Promise<FoundMask> {
  const { offer, member } = round;
  const { strategy, tuner, keeper, emit } = member;
  const { config } = member.descriptor;
  const source = strategy.mask({ config, round: offer.round });
  const given = givenMask(source, tuner.layout, offer.density);
  let found: FoundMask | null = given && { owned: given, warm: null };
  if (source.kind === 'search') {
    found = isStillGood(round)
      ? { owned: keeper.record.mask as Mask, warm: warmOf(round) }
      : await search(round, source.settings);
  }
  const { owned, warm } = found as FoundMask;
  if ((warm && keeper.record.maskRound !== offer.round) || !keeper.record.mask?.equals(owned))
    await keeper.update({ mask: owned, maskRound: offer.round, inProgress: null });
  emit({ type: 'mask', round: offer.round, kept: owned.kept, size: owned.size });
  return found as FoundMask;
}

/** [PF2] [PF3] Whether the mask on this device does for the round. */
function isStillGood({ offer, member }: RoundWork): boolean {
  const { mask, maskRound } = member.keeper.record;
  if (mask === null || maskRound === null) return false;
  const { sharedRounds } = member.descriptor.config.search;
  const isFromSharedRounds = maskRound <= sharedRounds;
  const isAskedAnew = offer.searchAnew && maskRound !== offer.round;
  return !isFromSharedRounds && !isAskedAnew && mask.kept <= maxKept(member.tuner.layout, offer.density);
}

/** Where the search was done before a reload, and its tuning has not begun. */
function warmOf({ offer, member }: RoundWork): Float32Array | null {
  const { maskRound, search } = member.keeper.record;
  if (maskRound !== offer.round || search?.round !== offer.round) return null;
  return search.checkpoint.part === 'pruning' ? search.checkpoint.warm : null;
}

async function search(round: RoundWork, settings: MaskSearch): Promise<FoundMask> {
  const { offer, member } = round;
  const { tuner, keeper, emit, report, client } = member;
  const theta = await globalTheta(round);
  const owners = await ownerShares(round);
  const by = { round: offer.round, density: offer.density, client, owners };
  const { round: number, density } = offer;
  const begun = keeper.record.search;
  const isSame = begun?.round === number && begun.density === density;
  const start = { theta, ...(isSame ? { checkpoint: begun.checkpoint } : {}) };
  const { mask, warm } = await drain(
    round,
    tuner.search(start, searchSettings(member.descriptor.config, settings, by), round.signal),
    async (progress) => {
      if (progress.kind === 'checkpoint') {
        await keeper.update({ search: { round: number, density, checkpoint: progress.checkpoint } });
        return;
      }
      emit({ type: 'search', round: offer.round, progress });
      report(searchReport(offer.round, progress));
    },
  );
  return { owned: mask, warm };
}

/** [DC1] [UP1] Unless the coordinator has this very mask on file. */
async function handInMask(round: RoundWork, exchanged: Mask): Promise<void> {
  const { offer, session, signal, member } = round;
  const hash = await maskHash(exchanged);
  if (member.maskOnFile === hash) return;
  const bytes = await encodeMask(exchanged, member.descriptor.layout.hash);
  const announce = {
    kind: 'mask' as const,
    round: offer.round,
    bytes: bytes.length,
    sha256: await sha256Hex(bytes),
  };
  await upload(session, announce, bytes, { signal, onBytes: transferEvents(round, 'up', 'mask') });
  member.maskOnFile = hash;
}

type Begun = NonNullable<ClientRecord['inProgress']>;

/** [PF7] [PF8] What this round's tuning starts from, and how good that is: from the store, or received now. */
async function begin(round: RoundWork, masks: FoundMask & { exchanged: Mask }): Promise<Begun> {
  const { offer, member } = round;
  const { strategy, tuner, keeper, emit, report } = member;
  const perplexity = async (of: 'base' | 'received', theta: Float32Array | null, known: number | null) => {
    report({ round: offer.round, phase: 'evaluate', done: 0 });
    const value = known ?? (await repeated(round, (signal) => tuner.perplexity(theta, signal)));
    emit({ type: 'perplexity', round: offer.round, of, value });
    return value;
  };
  const base = await perplexity('base', null, keeper.record.basePerplexity);
  if (keeper.record.basePerplexity === null) await keeper.update({ basePerplexity: base });

  const stored = keeper.record.inProgress;
  if (stored?.round === offer.round) {
    await perplexity('received', stored.start, stored.receivedPerplexity);
    return stored;
  }
  const { owned, exchanged, warm } = masks;
  const received = await receive(round, exchanged);
  const start = strategy.start({
    config: member.descriptor.config,
    round: offer.round,
    layout: tuner.layout,
    owned,
    received,
    previous: keeper.record.tuned?.theta ?? null,
    warm,
  });
  const isAsReceived = sameValues(exchanged.pack(start), exchanged.pack(received));
  const begun: Begun = {
    round: offer.round,
    attempt: offer.attempt,
    start,
    received: isAsReceived ? null : exchanged.apply(received),
    receivedPerplexity: await perplexity('received', start, null),
    checkpoint: null,
    finished: null,
  };
  const best = await betterBest(round, 'received', start);
  // θ⁰ is nobody's work yet.
  await keeper.update({ inProgress: begun, search: null, ...(offer.version > 0 ? best : null) });
  return begun;
}

/** [PF8] [PF9] By the client's validation rows, where it has some. @returns what of its record changes */
async function betterBest(
  round: RoundWork,
  of: 'received' | 'tuned',
  theta: Float32Array,
): Promise<Pick<ClientRecord, 'best'> | null> {
  const { offer, member } = round;
  const perplexity = await validated(round, theta);
  if (perplexity === null) return null;
  member.emit({ type: 'validation', round: offer.round, of, value: perplexity });
  const { best } = member.keeper.record;
  return best && best.perplexity <= perplexity ? null : { best: { round: offer.round, of, theta, perplexity } };
}

/** [PF4] Returns after the personal module is in the store (PF9). */
async function tune(round: RoundWork, owned: Mask, begun: Begun): Promise<NonNullable<Begun['finished']>> {
  const { offer, signal, member } = round;
  const { tuner, keeper, emit, report } = member;
  const { clock } = member.options;
  const startedAt = clock.now();
  round.pausedMs = 0;
  const settings = tuningSettings(member.descriptor.config, offer.round);
  const start = { theta: begun.start, mask: owned, ...(begun.checkpoint ? { checkpoint: begun.checkpoint } : {}) };
  const tuned = await drain(round, tuner.tune(start, settings, signal), async (progress) => {
    if (progress.kind === 'checkpoint') {
      await keeper.update({ inProgress: { ...begun, checkpoint: progress.checkpoint } });
      return;
    }
    emit({ type: 'tuning', round: offer.round, progress });
    const { step, steps, loss } = progress;
    report({ round: offer.round, phase: 'tune', done: Math.min(1, step / Math.max(1, steps)), loss });
  });
  const broken = tuned.theta.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    throw new ProtocolError('delta-not-finite', 'The tuning diverged: its result is not finite. It is not kept.');
  }
  const seconds = (clock.now() - startedAt - (round.pausedMs ?? 0)) / 1000;
  report({ round: offer.round, phase: 'evaluate', done: 0 });
  const perplexity = await repeated(round, (signal) => tuner.perplexity(tuned.theta, signal));
  const finished = { steps: tuned.steps, seconds, loss: tuned.loss, perplexity };
  const best = await betterBest(round, 'tuned', tuned.theta);
  const { mean, tunedRounds } = keeper.record;
  await keeper.update({
    tuned: { round: offer.round, theta: tuned.theta },
    // Only validation rows can choose it.
    mean: tuner.examples.validation > 0 ? meanOfLast(mean, tuned.theta) : null,
    tunedRounds: [...tunedRounds, offer.round],
    ...best,
    inProgress: { ...begun, checkpoint: null, finished },
  });
  return finished;
}

/**
 * [PF5] Δ = tuned − received at exchanged positions. What f16 rounds away is not made up for; what int8 does comes with
 * the next delta.
 */
async function submit(round: RoundWork, exchanged: Mask, begun: Begun): Promise<void> {
  const { offer, session, signal, member } = round;
  const { keeper, emit } = member;
  const { tuned } = keeper.record;
  const { finished } = begun;
  if (!tuned || !finished) throw new ProtocolError('internal', 'The store lost what was to be submitted.');
  emit({ type: 'perplexity', round: offer.round, of: 'tuned', value: finished.perplexity });
  const received = exchanged.pack(begun.received ?? begun.start);
  const delta = exchanged.pack(tuned.theta).map((value, i) => value - (received[i] as number));
  const bytes = await encodeDelta(round, exchanged, delta);
  const announce = {
    kind: 'delta' as const,
    round: offer.round,
    bytes: bytes.length,
    sha256: await sha256Hex(bytes),
    report: deltaReport(member, begun, finished),
  };
  session.beginSubmission();
  const options = { signal, onBytes: transferEvents(round, 'up', 'delta') };
  let receipt: Receipt;
  let attempt: number;
  do {
    attempt = session.attempt;
    receipt = await upload(session, { ...announce, attempt }, bytes, options);
    // With an attempt that was offered before its answer came, an operator may have discarded what it is about.
  } while (session.attempt > attempt);
  member.lastSubmission = offer.round;
  emit({ type: 'submitted', round: offer.round, bytes: receipt.bytes });
  member.report({ round: offer.round, phase: 'waiting', done: 1 });
}

function sameValues(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => value === b[i]);
}

function deltaReport(member: Member, begun: Begun, finished: NonNullable<Begun['finished']>): DeltaReport {
  const { tuner, keeper, options } = member;
  const { steps, seconds, loss } = finished;
  const report = { examples: tuner.examples.training, steps, seconds };
  if (!options.shareEvaluation) return report;
  const perplexity = {
    base: keeper.record.basePerplexity ?? Number.NaN,
    received: begun.receivedPerplexity,
    tuned: finished.perplexity,
  };
  // JSON has no infinity: what cannot be said is left out.
  const isSayable = Object.values(perplexity).every((value) => Number.isFinite(value) && value > 0);
  return { ...report, ...(Number.isFinite(loss) ? { loss } : {}), ...(isSayable ? { perplexity } : {}) };
}
