import type { FederationConfig } from '@perfit/protocol';
import { strategyOf } from './registry.ts';

/** The most that the held deltas of one round may take, in bytes. */
const MAX_HELD = 2 ** 31;

/**
 * Why this federation cannot average as carefully as it asks to; null where it can. The trimmed mean and the median hold a
 * round's deltas in memory, at 4 bytes a value, and a round closes at its goal: so the most is known beforehand.
 * @param size N
 */
export function robustProblem(config: FederationConfig, size: number): string | null {
  const { robust, schedule, strategy, weighting } = config;
  if ((weighting.minOwners ?? 1) > 1 && strategyOf(strategy).averaging !== 'parameterwise')
    return `${strategyOf(strategy).title} does not average position by position: it cannot leave those of few owners as they were.`;
  if (!robust || robust.mean === 'weighted') return null;
  const { averaging, title } = strategyOf(strategy);
  if (averaging !== 'parameterwise') {
    const mean = robust.mean === 'median' ? 'median' : 'trimmed mean';
    return `${title} does not average position by position: it has no ${mean} of a position.`;
  }
  if (schedule.goal * size * 4 <= MAX_HELD) return null;
  const most = Math.floor(MAX_HELD / 4 / size);
  return `A robust mean holds all deltas of a round in memory: with an adapter of ${size} numbers a goal of at most ${most}.`;
}
