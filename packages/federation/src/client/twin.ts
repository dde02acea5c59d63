import { initialTheta, type Mask } from '@perfit/protocol/space';
import type { Member } from './membership.ts';
import { drain, type PausableWork, repeated } from './pausing.ts';
import type { ClientRecord, Twin } from './ports.ts';
import { tuningSettings } from './round-settings.ts';

/**
 * [PF9] The silent twin: what the client would have without anybody else. It does each of the client's tunings again, with the
 * same rows, in the same order, as many steps, at the same positions, but from its own last result instead of what was
 * received. It goes on until it has done as many as the client, and from its last checkpoint when it is asked again.
 * @returns whether it has: not where its person stops it
 * @throws the signal's reason; whatever the tuner throws
 */
export async function catchUp(work: PausableWork): Promise<boolean> {
  const { twinPause } = work.member.options;
  if (twinPause?.isHeld) return false;
  const signal = twinPause ? AbortSignal.any([work.signal, twinPause.signal]) : work.signal;
  try {
    await tuneUntilLevel({ ...work, signal });
    return true;
  } catch (error) {
    if (work.signal.aborted || !signal.aborted) throw error;
    return false;
  }
}

async function tuneUntilLevel(work: PausableWork): Promise<void> {
  const { keeper } = work.member;
  for (;;) {
    const { tunedRounds, mask } = keeper.record;
    const twin = keeper.record.twin ?? nothing;
    const round = tunedRounds[twin.tunings];
    if (round === undefined || !mask) return;
    await tuneAlone(work, { round, of: tunedRounds.length, mask, twin });
  }
}

/** How many of the client's tunings its twin has yet to do. */
export function twinIsBehind({ tunedRounds, twin }: Pick<ClientRecord, 'tunedRounds' | 'twin'>): number {
  return tunedRounds.length - (twin?.tunings ?? 0);
}

const nothing: Twin = { tunings: 0, theta: null, mean: null, best: null, checkpoint: null };

async function tuneAlone(
  work: PausableWork,
  { round, of, mask, twin }: { round: number; of: number; mask: Mask; twin: Twin },
): Promise<void> {
  const { member, signal } = work;
  const { tuner, keeper, emit, descriptor } = member;
  const theta = twin.theta ?? firstStart(member, mask, round);
  const start = { theta, mask, ...(twin.checkpoint ? { checkpoint: twin.checkpoint } : {}) };
  const tuned = await drain(
    work,
    tuner.tune(start, tuningSettings(descriptor.config, round), signal),
    async (progress) => {
      if (progress.kind === 'checkpoint') {
        await keeper.update({ twin: { ...twin, theta, checkpoint: progress.checkpoint } });
        return;
      }
      const { step, steps } = progress;
      emit({ type: 'twin', tuning: twin.tunings + 1, of, done: Math.min(1, step / Math.max(1, steps)) });
    },
  );
  const tunings = twin.tunings + 1;
  const candidate = { round, theta: tuned.theta, perplexity: await validated(work, tuned.theta) };
  await keeper.update({
    twin: {
      tunings,
      theta: tuned.theta,
      mean: candidate.perplexity === null ? null : meanOfLast(twin.mean, tuned.theta),
      best: better(twin.best, candidate),
      checkpoint: null,
    },
  });
}

/** What a client that nobody shares with starts from: θ⁰, as its strategy takes it. */
function firstStart({ strategy, descriptor, tuner }: Member, owned: Mask, round: number): Float32Array {
  const { config } = descriptor;
  const received = initialTheta(tuner.layout, config.seed);
  return strategy.start({ config, round, layout: tuner.layout, owned, received, previous: null, warm: null });
}

/** On the client's validation rows; null where there are none. */
export async function validated(work: PausableWork, theta: Float32Array): Promise<number | null> {
  const { tuner } = work.member;
  if (tuner.examples.validation === 0) return null;
  return await repeated(work, (signal) => tuner.perplexity(theta, signal, 'validation'));
}

/** The lower perplexity; without any the later one. */
export function better<T extends { readonly perplexity: number | null }>(before: T | null, now: T): T {
  if (!before || before.perplexity === null || now.perplexity === null) return now;
  return now.perplexity < before.perplexity ? now : before;
}

/** So many of the last results make a mean. */
const WINDOW = 3;

/**
 * A mean of the last results of a tuning, which weighs the last {@link WINDOW} most: of up to three it is just their mean,
 * and one array suffices however many come after.
 * Source: Izmailov et al. 2018, Averaging Weights Leads to Wider Optima (arXiv 1803.05407).
 */
export function meanOfLast(
  before: NonNullable<ClientRecord['mean']> | null,
  theta: Float32Array,
): NonNullable<ClientRecord['mean']> {
  if (!before) return { count: 1, theta };
  const count = before.count + 1;
  const share = 1 / Math.min(count, WINDOW);
  return { count, theta: before.theta.map((value, p) => value + share * ((theta[p] as number) - value)) };
}
