import { type FederationStatus, ProtocolError } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import type { RowLoss } from '@perfit/protocol/tuner';
import type { Ask } from './ask.ts';
import { compareRows, type RowComparison, type Verdict, verdictOf } from './compare-rows.ts';
import { type PausableWork, repeated } from './pausing.ts';
import type { ClientRecord, KeptModule } from './ports.ts';
import { fetchedValues } from './round-work.ts';
import { sendDownload } from './transfer.ts';
import { better, catchUp, validated } from './twin.ts';

/** [PF9] What a client is left with, on its held-out rows, and what its twin is. */
export interface Conclusion {
  /** The round that what is kept comes from. */
  readonly round: number;
  readonly of: KeptModule['of'];
  readonly perplexity: {
    /** Of the best of what came of the federation. */
    readonly together: number;
    /** Of the best that the twin has; null without a twin. */
    readonly alone: number | null;
    readonly kept: number;
  };
  /** Together against alone; null without a twin. */
  readonly joining: ({ readonly verdict: Verdict } & RowComparison) | null;
}

/** How much of what was received is in a mix with what was tuned. */
const MIXES = [0.25, 0.5, 0.75];

/**
 * [PF9] After the last round: lets the twin do what it has yet to do, looks at what the federation came to last, and keeps the
 * best, by the client's validation rows, of what it received and tuned, of means of these, and of the twin. Without such
 * rows it keeps what it tuned last.
 * @param ask for what there is to fetch
 * @returns null where the client has tuned nothing, and where it has neither validation rows nor a twin
 * @throws the signal's reason; whatever the tuner throws
 */
export async function conclude(
  work: PausableWork,
  { status, ask }: { readonly status: FederationStatus; readonly ask: Ask },
): Promise<Conclusion | null> {
  const { keeper, options, tuner } = work.member;
  const canChoose = tuner.examples.validation > 0;
  if (!keeper.record.tuned || !(canChoose || options.twin)) return null;
  // While it is still to be had.
  const received = canChoose ? await lastReceived(work, { version: status.version, ask }) : null;
  const hasTwin = options.twin !== undefined && (await catchUp(work));
  const together = await bestTogether(work, received);
  const alone = hasTwin ? await bestAlone(work) : null;
  const kept = alone && together.perplexity !== null ? better(together, alone) : together;
  await keeper.update({ kept });
  return await measured(work, { together, alone, kept });
}

interface LastCommit {
  readonly version: number;
  readonly ask: Ask;
}

/** What can be fetched no more is left out, and said. */
async function lastReceived(work: PausableWork, commit: LastCommit): Promise<Float32Array | null> {
  try {
    return await receiveLast(work, commit);
  } catch (error) {
    work.signal.throwIfAborted();
    const problem = asProtocolError(error);
    work.member.emit({ type: 'problem', error: problem, retry: 'What is kept is chosen among what is here.' });
    return null;
  }
}

/** θ_g of the last commit, as the next round would start from it. @returns [N]; null where nothing is shared at the end */
async function receiveLast({ member }: PausableWork, { version, ask }: LastCommit): Promise<Float32Array | null> {
  const { tuner, strategy, descriptor, keeper } = member;
  const { mask: owned, tuned } = keeper.record;
  const { config } = descriptor;
  const { layout } = tuner;
  if (!owned || version === 0) return null;
  const at = { config, round: version + 1 };
  const exchanged = strategy.exchanged(layout, owned, at);
  if (exchanged.kept === 0) return null;
  const takesAll = strategy.receive(config) === 'all';
  const mask = takesAll ? Mask.full(layout.size) : exchanged;
  const wanted = { what: takesAll ? ('theta' as const) : ('slice' as const), version };
  const values = await fetchedValues(member, mask, (length) => sendDownload(ask, wanted, length));
  const received = mask.unpack(values);
  return strategy.start({ ...at, layout, owned, received, previous: tuned?.theta ?? null, warm: null });
}

async function bestTogether(work: PausableWork, received: Float32Array | null): Promise<KeptModule> {
  const { record } = work.member.keeper;
  const tuned = record.tuned as NonNullable<ClientRecord['tuned']>;
  const { best, mean } = record;
  let found: KeptModule = best ? { ...best, of: best.of ?? 'tuned' } : { ...tuned, of: 'tuned', perplexity: null };
  if (work.member.tuner.examples.validation === 0) return found;
  for (const candidate of candidates({ tuned, mean, received })) {
    found = better(found, { ...candidate, perplexity: await validated(work, candidate.theta) });
  }
  return found;
}

/** What a client has not looked at in its rounds, one after the other: each is as large as the adapter. */
function* candidates({
  tuned,
  mean,
  received,
}: {
  readonly tuned: NonNullable<ClientRecord['tuned']>;
  readonly mean: ClientRecord['mean'];
  readonly received: Float32Array | null;
}): Generator<Pick<KeptModule, 'round' | 'of' | 'theta'>> {
  const { round } = tuned;
  if (mean && mean.count > 1) yield { round, of: 'mean', theta: mean.theta };
  if (!received) return;
  yield { round, of: 'final', theta: received };
  for (const share of MIXES) {
    const theta = tuned.theta.map((value, p) => value + share * ((received[p] as number) - value));
    yield { round, of: 'mix', theta };
  }
}

async function bestAlone(work: PausableWork): Promise<KeptModule | null> {
  const { twin, tuned } = work.member.keeper.record;
  if (!twin?.best) return null;
  const best: KeptModule = { ...twin.best, of: 'alone' };
  if (best.perplexity === null || !twin.mean || twin.mean.count < 2) return best;
  const { theta } = twin.mean;
  const round = tuned?.round ?? best.round;
  return better<KeptModule>(best, { round, of: 'alone-mean', theta, perplexity: await validated(work, theta) });
}

/** [PF8] On rows that nothing was chosen by. */
async function measured(
  work: PausableWork,
  { together, alone, kept }: { together: KeptModule; alone: KeptModule | null; kept: KeptModule },
): Promise<Conclusion> {
  const { tuner } = work.member;
  const losses = (theta: Float32Array) => repeated(work, (signal) => tuner.heldOutLosses(theta, signal));
  const lossesTogether = await losses(together.theta);
  const lossesAlone = alone && (await losses(alone.theta));
  const ofTogether = perplexityOf(lossesTogether);
  const ofAlone = lossesAlone && perplexityOf(lossesAlone);
  const compared = lossesAlone && compareRows(lossesTogether, lossesAlone);
  return {
    round: kept.round,
    of: kept.of,
    perplexity: { together: ofTogether, alone: ofAlone, kept: kept === alone ? (ofAlone as number) : ofTogether },
    joining: compared && { verdict: verdictOf(compared), ...compared },
  };
}

function perplexityOf(rows: readonly RowLoss[]): number {
  const total = (of: keyof RowLoss) => rows.reduce((sum, row) => sum + row[of], 0);
  return Math.exp(total('nats') / total('tokens'));
}

function asProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  return new ProtocolError('internal', `The federation's last adapter could not be fetched: ${String(error)}`);
}
