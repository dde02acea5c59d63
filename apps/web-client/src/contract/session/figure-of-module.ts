import type { ModuleOrigin, RoundState, SessionState } from './session-state.ts';

/** Perplexity of what chat and export use, on the held-out examples; null where it is not known. */
export function figureOfModule({ models, rounds }: Pick<SessionState, 'models' | 'rounds'>): number | null {
  const { personal } = models;
  return personal ? figureOf({ ...personal, of: personal.of ?? 'tuned' }, rounds) : null;
}

/** On the held-out examples, as the chart has it. */
export function figureOf({ round: number, of }: ModuleOrigin, rounds: readonly RoundState[]): number | null {
  if (!of) return null;
  return rounds.findLast((round) => round.number === number && round[of] !== null)?.[of] ?? null;
}
