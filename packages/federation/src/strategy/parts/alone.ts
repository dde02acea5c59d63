import type { RoundAt } from '../strategy.ts';

/**
 * Whether this is one of the last rounds, in which everybody tunes on alone and shares nothing.
 * @param byDefault how many they are where the schedule does not say
 */
export function isAlone({ config, round }: RoundAt, byDefault: number): boolean {
  const { rounds, localRounds = byDefault } = config.schedule;
  return localRounds > 0 && round > rounds - localRounds;
}
