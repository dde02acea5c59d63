import type { ModuleOrigin, SessionState } from './session-state.ts';

/** Perplexity of what chat and export use, on the held-out examples; null where it is not known. */
export function figureOfModule({
  models,
  rounds,
  conclusion,
}: Pick<SessionState, 'models' | 'rounds' | 'conclusion'>): number | null {
  const { personal } = models;
  return personal ? figureOf({ ...personal, of: personal.of ?? 'tuned' }, { rounds, conclusion }) : null;
}

/** On the held-out examples, as the chart has it. */
export function figureOf(
  { round: number, of }: ModuleOrigin,
  { rounds, conclusion }: Pick<SessionState, 'rounds' | 'conclusion'>,
): number | null {
  if (conclusion?.round === number && conclusion.of === of) return conclusion.perplexity.kept;
  if (of !== 'received' && of !== 'tuned') return null;
  return rounds.findLast((round) => round.number === number && round[of] !== null)?.[of] ?? null;
}
