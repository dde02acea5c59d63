import { type OperatorAction, operatorActions, type RoundAction, roundActions } from '@perfit/protocol';
import type { RoundState, Schedule } from './round-state.ts';
import { step } from './step.ts';

/** [RD1] What the operator can do now: the actions that move the machine. The time of an action moves nothing more. */
export function possibleActions(state: RoundState, schedule: Schedule): OperatorAction[] {
  return operatorActions.filter((action) => step(state, { type: 'operator', action, at: 0 }, schedule).state !== state);
}

/** [RD1] The same for the round in progress. */
export function possibleRoundActions(state: RoundState, schedule: Schedule): RoundAction[] {
  return roundActions.filter((action) => step(state, { type: 'operator', action, at: 0 }, schedule).state !== state);
}
