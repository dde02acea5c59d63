import { formatPerplexity } from '../format/format-number.ts';
import type { ModuleOrigin, RoundState, SessionState } from './session-state.ts';

/** [PF9] Which round's module chat and export use, where it is not the one that was tuned last; else null. */
export function describeModule({ models, rounds }: Pick<SessionState, 'models' | 'rounds'>): string | null {
  const { personal } = models;
  const last = rounds.findLast(({ tuned }) => tuned !== null);
  if (!personal || !last) return null;
  // A module is there a moment before its round's figures are.
  if (personal.of !== 'received' && personal.round >= last.number) return null;
  const what = personal.of === 'received' ? 'that you received in' : 'of';
  const figure = figureOf(personal, rounds);
  const worth = figure === null ? '' : ` (perplexity ${formatPerplexity(figure)})`;
  return `Chat and export use the model ${what} round ${personal.round}${worth}, not the one tuned last (${formatPerplexity(last.tuned)}): it did best on the examples that choose the best round.`;
}

/** Perplexity of what chat and export use, on the held-out examples; null where it is not known. */
export function figureOfModule({ models, rounds }: Pick<SessionState, 'models' | 'rounds'>): number | null {
  const { personal } = models;
  return personal ? figureOf({ ...personal, of: personal.of ?? 'tuned' }, rounds) : null;
}

/** On the held-out examples, as the chart has it. */
function figureOf({ round: number, of }: ModuleOrigin, rounds: readonly RoundState[]): number | null {
  if (!of) return null;
  return rounds.findLast((round) => round.number === number && round[of] !== null)?.[of] ?? null;
}
