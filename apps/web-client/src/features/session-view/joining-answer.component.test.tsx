import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { sampleFederation, sampleRoundState, sampleSession } from '../../../test/samples.ts';
import { button, expectAccessible, see, show } from '../../../test/stage.tsx';
import type { Conclusion, SessionState } from '../../contract/session/session-state.ts';
import { JoiningAnswer } from './joining-answer.tsx';

const onCompare = vi.fn();
const { id, config, modelPath } = sampleFederation();
const finished = {
  activity: { kind: 'finished' },
  phase: 'finished',
  federation: { id, config, modelPath, layout: { hash: '0'.repeat(64), size: 40_000 } },
  basePerplexity: 77,
  rounds: [sampleRoundState({ received: 40, tuned: 34 })],
} satisfies Partial<SessionState>;
const answer = (changes: Partial<SessionState> = {}, isRunning = false) => (
  <JoiningAnswer session={sampleSession({ ...finished, ...changes })} isRunning={isRunning} onCompare={onCompare} />
);

function concluded(joining: Partial<NonNullable<Conclusion['joining']>>, of: Conclusion['of'] = 'mix'): Conclusion {
  const whole = { verdict: 'helped', ratio: 0.94, low: 0.9, high: 0.98, rows: 24 } as const;
  return {
    round: 3,
    of,
    perplexity: { together: 32, alone: 34, kept: of === 'alone' ? 34 : 32 },
    joining: { ...whole, ...joining },
  };
}

describe('JoiningAnswer', () => {
  it('has nothing to say while rounds run, nor to who has tuned nothing', async () => {
    const { change } = await show(answer({ activity: { kind: 'tuning', epoch: 1, step: 1, steps: 2 } }));
    await expect.element(page.getByRole('region')).not.toBeInTheDocument();
    await change(answer({ rounds: [] }));
    await expect.element(page.getByRole('region')).not.toBeInTheDocument();
  });

  it('offers the comparison to who has none, and says what it costs', async () => {
    const { change } = await show(answer());
    await see('It takes about as long as your part of the rounds did.');
    await expectAccessible();
    await button('Compare with tuning alone').click();
    expect(onCompare).toHaveBeenCalledOnce();
    await change(answer({ conclusion: { ...concluded({}), joining: null } }, true));
    await see('You keep a mix of the model you received and the one you tuned last (perplexity 32.0)');
    await expect.element(button('Compare with tuning alone')).toHaveAttribute('data-loading', 'true');
  });

  it.each<[Partial<NonNullable<Conclusion['joining']>>, string, string]>([
    [{}, 'Yes, joining helped.', 'Your perplexity is 6 % lower than it would be alone.'],
    [
      { verdict: 'did-not-help', ratio: 1.03 },
      'No, joining didn’t help.',
      'Your perplexity is 3 % higher than it would be alone. It pays more with people whose texts are like yours',
    ],
    [
      { verdict: 'cannot-tell', ratio: 0.995, rows: 1 },
      'Nobody can tell yet.',
      'Your perplexity is less than 1 % lower than it would be alone, but with 1 held-out example that can be chance.',
    ],
  ])('says whether joining helped: %o', async (joining, verdict, words) => {
    await show(answer({ conclusion: concluded(joining) }));
    await see(verdict);
    await see(words);
    for (const figure of ['32.0', '34.0', '77.0']) await see(figure);
    await expectAccessible();
  });

  it.each<[Conclusion['of'], string]>([
    ['received', 'You keep the model that you received in round 3'],
    ['tuned', 'You keep the model of round 3'],
    ['final', 'You keep the shared model after round 3'],
    ['mean', 'You keep the mean of the models you tuned last'],
    ['alone', 'You keep the model tuned on your text alone (perplexity 34.0)'],
    ['alone-mean', 'You keep the mean of the models tuned on your text alone'],
  ])('says what is kept, and why: %s', async (of, words) => {
    await show(answer({ conclusion: concluded({}, of) }));
    const kept = page.getByTestId('kept');
    await expect.element(kept).toHaveTextContent(words);
    await expect.element(kept).toHaveTextContent('it did best on the examples that choose the best model');
  });
});
