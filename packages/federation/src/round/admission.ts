import { ProtocolError } from '@perfit/protocol';
import type { RoundEvent } from './round-event.ts';
import { isEnded, type RoundState, type Schedule, versionOf } from './round-state.ts';
import { step } from './step.ts';

export type SubmissionEvent = Extract<RoundEvent, { type: 'submission' }>;

/**
 * [UP1] A mask belongs to the round in progress, or to the one that comes next.
 * @throws ProtocolError `federation-ended` | `round-closed` | `round-unknown`
 */
export function checkMaskRound(state: RoundState, round: number): void {
  if (isEnded(state)) throw new ProtocolError('federation-ended', `The federation is ${state.state}.`);
  const current = versionOf(state) + 1;
  if (round < current) throw new ProtocolError('round-closed', `Round ${round} has closed; round ${current} is next.`);
  if (round > current) throw new ProtocolError('round-unknown', `Round ${round} has not been offered.`);
}

/**
 * [UP1] [UP5] Asks the machine without moving it, so that nobody sends bytes that would be refused in the end, and
 * nothing is stored for them.
 * @throws ProtocolError as the machine would refuse this submission
 */
export function checkSubmission(state: RoundState, event: Omit<SubmissionEvent, 'type'>, schedule: Schedule): void {
  const { effects } = step(state, { type: 'submission', ...event }, schedule);
  const refusal = effects.find((effect) => effect.type === 'refuse');
  if (refusal) throw new ProtocolError(refusal.code, refusal.message);
}
