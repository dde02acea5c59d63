import type { RoundView } from '@perfit/protocol';
import { expect, it } from 'vitest';
import { phaseTimes, roundFigures, timedRounds } from './round-figures.ts';

const at = (second: number) => new Date(1_000_000 + 1000 * second).toISOString();

function submission(second: number, tuned: number | null): RoundView['submissions'][number] {
  const perplexity = tuned === null ? null : { base: 40, received: 20, tuned };
  const loss = tuned === null ? null : 2;
  const of = { client: `c${second}`, name: 'Ada', examples: 10, weight: 10, norm: 1, bytes: 500 };
  return { ...of, loss, perplexity, receivedAt: at(second) };
}

const failed: RoundView = {
  number: 1,
  attempt: 1,
  state: 'failed',
  reason: 'Too few.',
  startedAt: at(0),
  aggregatingAt: null,
  closedAt: at(60),
  submissions: [submission(20, 9)],
};
const committed: RoundView = {
  ...failed,
  attempt: 2,
  state: 'committed',
  reason: null,
  startedAt: at(65),
  aggregatingAt: at(100),
  closedAt: at(103),
  submissions: [submission(80, 8), submission(90, 12), submission(85, null)],
};

it('splits a committed round into what it spent its time on', () => {
  expect(phaseTimes(committed, failed, 0)).toEqual({ waiting: 5, tuning: 25, settling: 10, committing: 3 });
});

it('has a failed attempt wait for submissions until it closes', () => {
  expect(phaseTimes(failed, undefined, 0)).toEqual({ waiting: 0, tuning: 20, settling: 40, committing: 0 });
  expect(phaseTimes({ ...failed, submissions: [] }, undefined, 0)).toMatchObject({ tuning: 60, settling: 0 });
});

it('counts an attempt that is under way as tuning, until now', () => {
  const open: RoundView = { ...committed, state: 'training', aggregatingAt: null, closedAt: null };
  const now = Date.parse(at(95));
  expect(phaseTimes(open, failed, now)).toEqual({ waiting: 5, tuning: 30, settling: 0, committing: 0 });
});

it('does not count a submission of an earlier attempt as tuning of this one', () => {
  const again: RoundView = { ...committed, submissions: [submission(20, 9)] };
  expect(phaseTimes(again, failed, 0)).toMatchObject({ tuning: 35, settling: 0 });
});

it('orders attempts, and takes means over those who share', () => {
  expect(timedRounds([committed, failed], 0).map(({ round }) => round.attempt)).toEqual([1, 2]);
  expect(roundFigures([committed, failed])).toEqual([
    {
      number: 1,
      submissions: 3,
      bytes: 1500,
      loss: 2,
      base: 40,
      received: 20,
      tuned: 10,
      lowest: 8,
      highest: 12,
    },
  ]);
  const silent = { ...committed, submissions: [submission(85, null)] };
  expect(roundFigures([silent])).toMatchObject([{ loss: null, base: null, tuned: null, lowest: null }]);
});
