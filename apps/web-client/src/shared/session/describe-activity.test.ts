import { describe, expect, it } from 'vitest';
import { emptySession, type SessionState } from '../../contract/session/session-state.ts';
import { describeActivity, describePhase } from './describe-activity.ts';

const tuning: SessionState = {
  ...emptySession,
  phase: 'tuning',
  activity: { kind: 'tuning', epoch: 1, step: 3, steps: 9 },
};

describe('describeActivity', () => {
  it('says that it pauses until the present step is done, and then that it is paused', () => {
    expect(describeActivity(tuning)).toBe('Tuning on your text: step 3 of 9');
    expect(describeActivity({ ...tuning, pause: 'asked' })).toBe(
      'Pausing after this step. Tuning on your text: step 3 of 9',
    );
    expect(describeActivity({ ...tuning, pause: 'held' })).toBe('Paused. Tuning on your text: step 3 of 9');
    const waiting: SessionState = { ...tuning, phase: 'waiting', activity: { kind: 'waiting', why: 'next-round' } };
    expect(describeActivity({ ...waiting, pause: 'asked' })).toBe('Paused. Waiting for the next round');
  });

  it('is read aloud by phase and round alone, and when it is paused', () => {
    expect(describePhase(tuning)).toBe('Tuning');
    expect(describePhase({ ...tuning, pause: 'held' })).toBe('Paused: Tuning');
  });
});
