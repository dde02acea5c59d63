import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { at, sampleRoundState, sampleSession } from '../../../test/samples.ts';
import { expectAccessible, see, show } from '../../../test/stage.tsx';
import type { RoundState } from '../../contract/session/session-state.ts';
import { RoundTimeline } from './round-timeline.tsx';

const timeline = (rounds: readonly RoundState[], isOver = false) => (
  <RoundTimeline session={sampleSession({ rounds, endedAt: isOver ? at : null })} />
);

describe('RoundTimeline', () => {
  it('says when the first round begins', async () => {
    await show(timeline([]));
    await see('The first round starts when enough people are ready.');
    await expectAccessible();
  });

  it.each<[Partial<RoundState>, string]>([
    [{}, 'In progress.'],
    [{ isSubmitted: true }, 'Your part is in. The others are still working.'],
    [{ outcome: 'committed', isSubmitted: true, submissions: 3 }, 'Done. The changes of 3 people were combined.'],
    [{ outcome: 'committed', isSubmitted: true, submissions: 1 }, 'Done. One person’s changes were combined.'],
    [
      { outcome: 'committed', isSubmitted: false, submissions: 2 },
      'It closed before your part was done. The changes of 2 people were combined.',
    ],
    [{ outcome: 'failed', reason: 'too few submitted' }, 'Repeated: too few submitted'],
  ])('says what became of a round: %o', async (changes, outcome) => {
    await show(timeline([sampleRoundState(changes)]));
    await expect.element(page.getByRole('listitem')).toHaveTextContent(outcome);
  });

  it('says that somebody stopped before their part was done', async () => {
    await show(timeline([sampleRoundState()], true));
    await see('You stopped before your part was done.');
  });

  it('tells attempts apart, and has each round’s time and figures', async () => {
    const first = sampleRoundState({ outcome: 'failed', endedAt: at + 5_000 });
    const figures = { received: 120, tuned: 92.4, isSubmitted: true, endedAt: at + 65_000 };
    await show(timeline([first, sampleRoundState({ attempt: 2, outcome: 'committed', ...figures })]));
    const rounds = page.getByRole('listitem');
    await expect.element(rounds.nth(0)).toHaveTextContent(/^Round 15\.0 s/);
    await expect.element(rounds.nth(1)).toHaveTextContent(/^Round 1, attempt 21 min 5 s/);
    await expect.element(rounds.nth(1)).toHaveTextContent('Perplexity: received 120, tuned 92.4');
    await expectAccessible();
  });

  it('shows the latest of many, and can be scrolled by keys', async () => {
    await show(timeline(Array.from({ length: 30 }, (_, i) => sampleRoundState({ number: i + 1 }))));
    await expect.element(page.getByRole('listitem').last()).toBeInViewport();
    await expect.element(page.getByRole('region', { name: 'Rounds so far' })).toHaveAttribute('tabindex', '0');
  });
});
