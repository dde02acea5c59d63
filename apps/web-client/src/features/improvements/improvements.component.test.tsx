import type { ComponentProps } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, see, seeFact, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { ComparedExample, Comparison } from '../../contract/comparison-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { Improvements } from './improvements.tsx';

const example = (prompt: string, base: number, personal: number): ComparedExample => ({
  prompt,
  response: `The answer to ${prompt}`,
  tokens: 2,
  base,
  personal,
  hits: { base: 1, personal: 2 },
  answers: [
    [
      { text: 'At seven', isControl: false, base, personal },
      { text: '', isControl: true, base: 0.1, personal: 0.05 },
    ],
  ],
});
const comparison: Comparison = {
  module: { round: 1, of: 'tuned' },
  examples: [example('Worse', 2, 3), example('Best', 5, 2), example('Same', 2, 2), example('Good', 4, 3)],
  total: 4,
};
const props: ComponentProps<typeof Improvements> = {
  module: { round: 1, of: 'tuned' },
  working: false,
  onTry: () => {},
};
const run = () => button('Compare example by example').click();
const rows = () => page.getByTestId('compared-example');
const playComparison = (compared: Outcome<Comparison | null> = done(comparison)) =>
  playWorker({ compare: async () => compared });

describe('Improvements', () => {
  it('comes with the first tuning', async () => {
    const { change } = await show(<Improvements {...props} module={null} />);
    await see('This comes with the first tuning; until then, there’s only the base model.');
    await expect.element(button('Compare example by example')).toBeDisabled();
    await expectAccessible();
    await change(<Improvements {...props} working />);
    await see('While rounds run, this and tuning share the device, so both take longer.');
    await expect.element(button('Compare example by example')).toBeEnabled();
  });

  it('says how far it is, and then what became better and what worse', async () => {
    const comparing = later<Outcome<Comparison | null>>();
    playWorker({
      compare: async (onProgress) => {
        onProgress(2, 8);
        return comparing.answer;
      },
    });
    await show(<Improvements {...props} />);
    await run();
    await see('2 of 8 measurements: each example once per model');
    await expect.element(page.getByRole('progressbar', { name: 'Comparing' })).toHaveAttribute('aria-valuenow', '25');
    await expectAccessible();
    comparing.give(done(comparison));
    await seeFact('Held-out examples', 'Better on 2 of 4 worse on 1, about the same on 1');
    await seeFact('Perplexity, your model', /the model of round 1/);
    await seeFact('Token accuracy', '50 % → 100 % How often the word');
    await expect
      .element(page.getByRole('img', { name: /^One dot per example: 2 better, 1 worse, 1 about the same\./ }))
      .toBeVisible();
    await expect.element(button('Compare example by example')).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('sorts its examples', async () => {
    playComparison();
    await show(<Improvements {...props} />);
    await run();
    const order = () =>
      rows()
        .elements()
        .map((row) => /Worse|Best|Same|Good/.exec(row.textContent)?.[0]);
    await expect.poll(order).toEqual(['Best', 'Good', 'Same', 'Worse']);
    const sort = page.getByRole('radiogroup', { name: 'Sort' });
    await sort.getByText('Worst first').click();
    await expect.poll(order).toEqual(['Worse', 'Same', 'Good', 'Best']);
    await sort.getByText('Original order').click();
    await expect.poll(order).toEqual(['Worse', 'Best', 'Same', 'Good']);
  });

  it('opens an example token by token, as a table as well, and lets the models be asked', async () => {
    playComparison();
    const onTry = vi.fn();
    await show(<Improvements {...props} onTry={onTry} />);
    await run();
    const row = page.getByRole('button', { name: /^Best/ });
    await expect.element(row).toHaveAttribute('aria-expanded', 'false');
    row.element().focus();
    await userEvent.keyboard('{Enter}');
    await see('The answer in your text, as each model sees it', 'Base model: perplexity 148');
    await expectAccessible();
    await button('Table view').click();
    await expect.element(page.getByRole('row', { name: 'At seven 0.7 % 14 %' })).toBeVisible();
    await expect.element(page.getByRole('row', { name: 'end 90 % 95 %' })).toBeVisible();
    await expectAccessible();
    await button('Ask the models this').click();
    expect(onTry.mock.calls[0]?.[0]).toMatchObject({ prompt: 'Best' });
  });

  it('shows eight of many until it is asked for more, and says what is missing', async () => {
    const examples = Array.from({ length: 11 }, (_, i) => example(`Question ${i}`, 3, 2));
    playComparison(done({ ...comparison, examples, total: 12 }));
    await show(<Improvements {...props} />);
    await run();
    await see('1 held-out example is missing: the model can’t read it.');
    await expect.poll(() => rows().elements().length).toBe(8);
    await button('Show more (3)').click();
    await expect.poll(() => rows().elements().length).toBe(11);
  });

  it('says that there is a newer model than was compared', async () => {
    playComparison();
    const { change } = await show(<Improvements {...props} />);
    await run();
    await expect.element(rows().first()).toBeVisible();
    await change(<Improvements {...props} module={{ round: 2, of: 'tuned' }} />);
    await see('This compares your model from round 1. You now have the one from round 2.');
    playComparison(done({ ...comparison, module: { round: 2, of: 'tuned' } }));
    await button('Compare again').click();
    await seeFact('Perplexity, your model', /the model of round 2/);
    await seeNot(/^This compares your model from round 1/);
  });

  it('can be cancelled', async () => {
    const comparing = later<Outcome<Comparison | null>>();
    playWorker({
      compare: () => comparing.answer,
      cancelComparison: async () => {
        comparing.give(done(null));
        return done(null);
      },
    });
    await show(<Improvements {...props} />);
    await run();
    await see('Reading your examples');
    await button('Cancel').click();
    await see('Canceled. What was measured for the base model is kept.');
    await expect.element(button('Compare example by example')).toBeEnabled();
  });

  it('says why it could not compare', async () => {
    playComparison(refused('device-lost', 'The graphics processor is gone.'));
    await show(<Improvements {...props} />);
    await run();
    await seeFailure('Could not compare the examples', 'The graphics processor is gone.', 'device-lost');
    await expectAccessible();
  });
});
