import { moduleInUse, originName } from '#strings/conclusion.ts';
import { figureOf } from '../../contract/session/figure-of-module.ts';
import type { SessionState } from '../../contract/session/session-state.ts';

/** [PF9] Which module chat and export use, where it is not the one that was tuned last; else null. */
export function describeModule({
  models,
  rounds,
  conclusion,
}: Pick<SessionState, 'models' | 'rounds' | 'conclusion'>): string | null {
  const { personal } = models;
  const last = rounds.findLast(({ tuned }) => tuned !== null);
  if (!personal || !last) return null;
  const { of = 'tuned', round } = personal;
  // A module is there a moment before its round's figures are.
  if (of === 'tuned' && round >= last.number) return null;
  const figure = figureOf(personal, { rounds, conclusion });
  return moduleInUse(originName({ of, round }), { figure, last: last.tuned });
}
