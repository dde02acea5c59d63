import type { RoundView } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { sampleDetail, sampleRound, sampleSubmission } from '../../../test/samples.ts';
import { expectAccessible, see, show } from '../../../test/stage.tsx';
import { RoundRows } from './round-rows.tsx';

const rows = (rounds: readonly RoundView[]) => <RoundRows detail={sampleDetail({ rounds: [...rounds] })} />;
const row = (i = 0) => page.getByRole('listitem').nth(i);
const open = { aggregatingAt: null, closedAt: null, submissions: [] };

describe('RoundRows', () => {
  it('says that the first round has not begun', async () => {
    await show(rows([]));
    await see('The first round hasn’t started.');
  });

  it.each<[Partial<RoundView>, string]>([
    [{ ...open, state: 'training', startedAt: new Date().toISOString() }, 'tuning'],
    [{ ...open, state: 'aggregating' }, 'aggregating'],
    [{ state: 'committed' }, 'committed'],
    [{ ...open, state: 'failed', closedAt: '2026-11-22T10:01:00.000Z', reason: 'Too few submitted.' }, 'failed'],
  ])('shows a round that is %o', async (changes, word) => {
    await show(rows([sampleRound(changes)]));
    await expect.element(row().getByText(word, { exact: true }).first()).toBeVisible();
    await expect
      .element(row())
      .toHaveTextContent(changes.submissions ? 'No submissions yet.' : 'Ada: 72 examples, 20 kB');
    if (changes.reason) await expect.element(row()).toHaveTextContent(changes.reason);
    await expectAccessible();
  });

  it('says what its time went into, and who shares what', async () => {
    const quiet = sampleSubmission({ client: 'client-2', name: 'Grace', examples: 1, perplexity: null });
    await show(rows([sampleRound({ submissions: [sampleSubmission(), quiet] })]));
    await see('tuning 15 s, grace period 5.0 s, aggregating 1.0 s');
    await see('Ada: 72 examples, 20 kB, perplexity received 120 → tuned 92.4');
    await see(/^Grace: 1 example, 20 kB$/);
  });

  it('has the latest first, and each attempt by itself', async () => {
    const failed = sampleRound({ ...open, state: 'failed', closedAt: '2026-11-22T10:01:00.000Z', reason: 'Too few.' });
    await show(rows([failed, sampleRound({ attempt: 2 }), sampleRound({ number: 2, ...open, state: 'training' })]));
    await expect.element(row(0)).toHaveTextContent(/^Round 2/);
    await expect.element(row(1)).toHaveTextContent(/^Round 1, attempt 2/);
    await expect.element(row(2)).toHaveTextContent(/^Round 1/);
    await expect.element(page.getByRole('region', { name: 'Rounds, latest first' })).toHaveAttribute('tabindex', '0');
  });
});
