import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { at, sampleRoundState, sampleSession } from '../../../test/samples.ts';
import { expectAccessible, see, seeNot, show } from '../../../test/stage.tsx';
import { type Activity, phaseOf, type SessionState } from '../../contract/session/session-state.ts';
import { StatusCard } from './status-card.tsx';

const doing = (activity: Activity, changes: Partial<SessionState> = {}) =>
  sampleSession({ activity, phase: phaseOf(activity), ...changes });
const card = (session: SessionState, isRunning = true) => (
  <StatusCard session={session} isRunning={isRunning} actions={null} />
);
const tuning: Activity = { kind: 'tuning', epoch: 1, step: 3, steps: 12 };
const progress = () => page.getByRole('progressbar', { name: 'Progress of the current step' });
const times = () => page.getByTestId('times');
const status = () => page.getByTestId('status');

describe('StatusCard', () => {
  it.each<[Activity, string, number]>([
    [
      { kind: 'loading', stage: 'device', bytes: 0, total: 0, fetched: 0, bytesPerSecond: null, secondsLeft: null },
      'Preparing your device',
      100,
    ],
    [
      {
        kind: 'loading',
        stage: 'model',
        bytes: 120e6,
        total: 240e6,
        fetched: 120e6,
        bytesPerSecond: 14e6,
        secondsLeft: 9,
      },
      'Downloading the model: 120 MB of 240 MB, 14 MB/s, 9.0 s left',
      50,
    ],
    [{ kind: 'connecting' }, 'Connecting to the coordinator', 100],
    [{ kind: 'recruiting', ready: 1, recruit: 4 }, 'Waiting for more people: 1 of 4 ready', 25],
    [{ kind: 'preparing', search: true }, 'A round has started', 100],
    [{ kind: 'downloading', bytes: 10_000, total: 40_000 }, 'Receiving what the others learned: 10 kB of 40 kB', 25],
    [{ kind: 'measuring', of: 'base' }, 'Measuring the base model on your text', 100],
    [{ kind: 'warming-up', step: 3, steps: 10 }, 'Warming up to find your mask: step 3 of 10', 30],
    [{ kind: 'pruning', iteration: 4, iterations: 5 }, 'Choosing the parameters that matter for your text: 4 of 5', 80],
    [tuning, 'Tuning on your text: step 3 of 12', 25],
    [{ kind: 'uploading', what: 'delta', bytes: 5_000, total: 20_000 }, 'Sending your changes: 5.0 kB of 20 kB', 25],
    [{ kind: 'waiting', why: 'others' }, 'Your part of this round is done. Waiting for the others', 100],
    [{ kind: 'finished' }, 'Finished. Your personal model is ready', 100],
    [{ kind: 'left', reason: 'replaced' }, 'You continued in another tab, so this one has stopped', 0],
    [
      { kind: 'failed', error: { code: 'unexpected', message: 'The line broke.' } },
      'Stopped by an error. The line broke.',
      0,
    ],
  ])('shows $kind', async (activity, words, value) => {
    await show(card(doing(activity, activity.kind === 'finished' ? { endedAt: at } : {})));
    await expect.element(status()).toHaveTextContent(words);
    await expect.element(status()).toHaveAttribute('data-state', phaseOf(activity));
    await expect.element(progress()).toHaveAttribute('aria-valuenow', String(value));
  });

  it('counts down to the end of the stage, of the person’s part and of the round', async () => {
    const now = Date.now();
    const round = sampleRoundState({ deadlineAt: now + 170_000 });
    const estimate = { activity: 'tuning', activityEndsAt: now + 32_000, round: 1, roundEndsAt: now + 58_000 };
    await show(card(doing(tuning, { rounds: [round], estimate })));
    await see('Round 1 of 3');
    await expect.element(times()).toHaveTextContent('This step: 35 s · your part: 60 s · round closes: 3 min');
    await see(/You can use other tabs meanwhile/);
    await expectAccessible();
  });

  it('knows nothing of the end at the beginning', async () => {
    await show(card(doing({ kind: 'connecting' })));
    await see('Before the first round');
    await expect.element(times()).toHaveTextContent('The time left isn’t known yet.');
  });

  it('takes the focus where somebody has just asked for it, and nowhere else', async () => {
    const now = () => page.getByRole('region', { name: 'Now' });
    const { unmount } = await show(card(doing(tuning)));
    await expect.element(now()).not.toHaveFocus();
    await unmount();
    await show(<StatusCard session={doing(tuning)} isRunning takesFocus actions={null} />);
    await expect.element(now()).toHaveFocus();
  });

  it('warns of a round that closes too early', async () => {
    const now = Date.now();
    const estimate = { activity: 'tuning', activityEndsAt: null, round: 1, roundEndsAt: now + 90_000 };
    await show(card(doing(tuning, { rounds: [sampleRoundState({ deadlineAt: now + 60_000 })], estimate })));
    await see('At this pace, the round closes before your part is done. You’ll take part in the next one.');
  });

  it('finishes a step before it pauses, and says what a pause is', async () => {
    const { change } = await show(card(doing(tuning, { pause: 'asked' })));
    await see('Pausing after this step. Tuning on your text: step 3 of 12', 'Finishing the current step first.');
    await change(card(doing(tuning, { pause: 'held' })));
    await see('Paused. Tuning on your text: step 3 of 12', /^Computing is paused\. Rounds that close meanwhile/);
    await expect.element(page.getByRole('status')).toHaveTextContent('Paused: Tuning');
    await expectAccessible();
  });

  it('goes on without a connection while it computes, and waits for one otherwise', async () => {
    const { change } = await show(card(doing(tuning, { connected: false })));
    await see('No connection. Computing continues; results are sent once it’s back.');
    await change(card(doing({ kind: 'waiting', why: 'others' }, { connected: false })));
    await see('No connection. Retrying automatically; nothing is lost.');
    await change(card(doing(tuning)));
    await seeNot('No connection.');
  });

  it('says what went wrong, and that it tries again', async () => {
    const error = { code: 'storage-failed', message: 'The coordinator’s disk is full.' } as const;
    await show(card(doing(tuning, { lastProblem: { error, retry: 'Trying again in 5 s.', at } })));
    await see('The coordinator’s disk is full. Trying again in 5 s.');
    await expectAccessible();
  });

  it('reads phase and round aloud, not every step', async () => {
    await show(card(doing(tuning, { rounds: [sampleRoundState({ number: 2 })] })));
    await expect.element(page.getByRole('status')).toHaveTextContent(/^Tuning in round 2$/);
  });

  it('sums up what there was when it is over', async () => {
    const rounds = [
      sampleRoundState({ outcome: 'committed', received: 120, tuned: 92.4, isSubmitted: true }),
      sampleRoundState({ number: 2, outcome: 'committed', received: 90, tuned: null }),
    ];
    const over = { rounds, endedAt: at + 130_000, basePerplexity: 160, bytesUp: 40_000 };
    await show(
      card(doing({ kind: 'finished' }, { ...over, models: { base: true, personal: { round: 1, of: 'tuned' } } })),
    );
    await expect.element(times()).toHaveTextContent('1 round · perplexity 160 → 92.4 · 3 min · 40 kB sent');
    await see(/^Your text was never sent/);
    await expectAccessible();
  });

  it.each([
    ['asked', /^You’ve left the federation/],
    ['replaced', /^Your key and progress are in use in the other tab/],
    ['removed', /this tab doesn’t come back by itself/],
  ] as const)('says what it means to have left: %s', async (reason, notice) => {
    await show(card(doing({ kind: 'left', reason }, { endedAt: at }), false));
    await see(notice);
  });

  it('says who ended the federation', async () => {
    const status = { ...sampleSession().status, state: 'stopped' } as SessionState['status'];
    await show(card(doing({ kind: 'finished' }, { status, endedAt: at })));
    await see('The operator ended this federation. You keep your personal model');
  });
});
