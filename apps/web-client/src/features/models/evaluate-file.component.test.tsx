import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, field, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { Evaluation, ModelsApi } from '../../contract/models-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { EvaluateFile } from './evaluate-file.tsx';

const evaluation: Evaluation = {
  perplexity: 92.4,
  tokenAccuracy: 0.256,
  examples: 20,
  tokens: 1_240,
  responseTokens: 800,
};
const choose = () => page.getByTestId('evaluation-file').upload(new File(['text'], 'letters.txt'));
const row = (name: RegExp) => page.getByRole('row', { name });

describe('EvaluateFile', () => {
  it('wants a file first', async () => {
    await show(<EvaluateFile adapter={null} contextLength={2048} />);
    await see('Choose a file first', /^JSONL, JSON, CSV or plain text\./);
    await expect.element(button('Measure')).toBeDisabled();
    await expect.element(field('Max sequence length')).toHaveValue('512');
    await expectAccessible();
  });

  it('measures, and says how far it is', async () => {
    const measuring = later<Outcome<Evaluation>>();
    const evaluate = vi.fn<ModelsApi['evaluate']>(async (_, onProgress) => {
      onProgress(5, 20);
      return measuring.answer;
    });
    playWorker({ evaluate });
    await show(<EvaluateFile adapter={null} contextLength={256} />);
    await choose();
    await see('letters.txt');
    await button('Measure').click();
    await expect.element(page.getByRole('status')).toHaveTextContent('Measuring: Without the adapter');
    await expect.element(page.getByRole('progressbar', { name: 'Measuring' })).toHaveAttribute('aria-valuenow', '25');
    await expectAccessible();
    measuring.give(done(evaluation));
    await expect.element(row(/^Without the adapter 92\.4 26 % 20 1,240 800$/)).toBeVisible();
    await expect.element(page.getByRole('table', { name: 'letters.txt' })).toBeVisible();
    expect(evaluate.mock.calls[0]?.[0]).toMatchObject({ name: 'letters.txt', maxLength: 256, adapted: false });
    await expectAccessible();
  });

  it('measures without an adapter and with it', async () => {
    playWorker({ evaluate: async ({ adapted }) => done({ ...evaluation, perplexity: adapted ? 12.1 : 92.4 }) });
    await show(<EvaluateFile adapter="bakers.safetensors" contextLength={2048} />);
    await choose();
    await button('Measure').click();
    await expect.element(row(/^Without the adapter 92\.4/)).toBeVisible();
    await expect.element(row(/^With the adapter 12\.1/)).toBeVisible();
  });

  it('says why it could not, and measures again', async () => {
    playWorker({ evaluate: async () => refused('data-empty', 'There are no examples in it.') });
    await show(<EvaluateFile adapter={null} contextLength={2048} />);
    await choose();
    await button('Measure').click();
    await seeFailure('Could not measure the file', 'There are no examples in it.', 'data-empty');
    await expectAccessible();
    playWorker({ evaluate: async () => done(evaluation) });
    await button('Measure').click();
    await expect.element(row(/^Without the adapter/)).toBeVisible();
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
  });
});
