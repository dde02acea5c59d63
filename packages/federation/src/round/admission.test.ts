import { describe, expect, it } from 'vitest';
import { checkMaskRound, checkSubmission } from './admission.ts';
import type { RoundState, Schedule } from './round-state.ts';

const schedule: Schedule = {
  rounds: 2,
  goal: 2,
  minimum: 1,
  recruit: 2,
  deadlineSeconds: 100,
  settleSeconds: 10,
  maxRepeats: 1,
};
const training: RoundState = {
  state: 'training',
  version: 1,
  attempt: 1,
  present: ['a', 'b'],
  submitted: ['a'],
  deadline: 100_000,
  settleAt: null,
};
const stopped: RoundState = { state: 'stopped', version: 1, present: [], reason: null };

describe('what may be sent', () => {
  it('[UP1] a mask is for the round in progress, and for no other', () => {
    expect(() => checkMaskRound(training, 2)).not.toThrow();
    expect(() => checkMaskRound(training, 1)).toThrow(expect.objectContaining({ code: 'round-closed' }));
    expect(() => checkMaskRound(training, 3)).toThrow(expect.objectContaining({ code: 'round-unknown' }));
    expect(() => checkMaskRound(stopped, 2)).toThrow(expect.objectContaining({ code: 'federation-ended' }));
  });

  it('[UP4] [UP5] a submission that the machine would take or answer again, and none that it would refuse', () => {
    const submitted = (client: string, round: number, at = 0) => {
      checkSubmission(training, { client, round, attempt: 1, at }, schedule);
    };
    expect(() => submitted('b', 2)).not.toThrow();
    expect(() => submitted('a', 2)).not.toThrow();
    expect(() => submitted('b', 1)).toThrow(expect.objectContaining({ code: 'round-closed' }));
    expect(() => submitted('b', 3)).toThrow(expect.objectContaining({ code: 'round-unknown' }));
    // The time that has passed counts, although no timer has told the machine of it.
    expect(() => submitted('b', 2, 100_000)).toThrow(expect.objectContaining({ code: 'round-closed' }));
  });
});
