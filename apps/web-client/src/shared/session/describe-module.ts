import { figureOf } from '../../contract/session/figure-of-module.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { formatPerplexity } from '../format/format-number.ts';

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
