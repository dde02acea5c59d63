import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { keepDownloads } from '../../../test/keep-downloads.ts';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { BenchReport } from '../../contract/device-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { Bench } from './bench.tsx';

const report = {
  adapter: { vendor: 'apple', architecture: 'metal', description: 'Apple M2' },
  limits: { fmaGflops: 3400.4, copyGBps: 84.23 },
  step: [],
  decode: [
    {
      model: 'nano',
      precision: 'f32',
      prefillTokensPerSecond: 1234.5,
      decodeTokensPerSecond: 98.76,
      shareOfLimit: 0.4,
    },
  ],
  ops: [],
  ways: [],
} as unknown as BenchReport;

let downloads: ReturnType<typeof keepDownloads>;
beforeEach(() => {
  downloads = keepDownloads();
});
afterEach(() => downloads.letGo());

describe('Bench', () => {
  it('measures when it is asked to, and says what it is at', async () => {
    const measuring = later<Outcome<BenchReport>>();
    playWorker({
      bench: async (onText) => {
        onText('Measuring the peak');
        return measuring.answer;
      },
    });
    await show(<Bench />);
    await expect.element(button('Save as JSON')).not.toBeInTheDocument();
    await expectAccessible();
    await button('Run benchmark').click();
    await expect.element(page.getByRole('status')).toHaveTextContent('Measuring the peak');
    await expect.element(button('Run benchmark')).toBeDisabled();
    measuring.give(done(report));
    await see('Apple M2', '3400 GFLOP/s (f32 multiply-add), 84.2 GB/s (copy)');
    await expect.element(page.getByRole('row', { name: 'nano f32 1235 98.8 40.0 %' })).toBeVisible();
    await button('Save as JSON').click();
    expect(downloads.names).toEqual(['perfit-bench.json']);
    await expectAccessible();
  });

  it('says why it could not, and can be run again', async () => {
    playWorker({ bench: async () => refused('device-none', 'There is no graphics processor.') });
    await show(<Bench />);
    await button('Run benchmark').click();
    await seeFailure('That didn’t work', 'There is no graphics processor.', 'device-none');
    await expectAccessible();
    playWorker({ bench: async () => done(report) });
    await button('Run again').click();
    await see('Apple M2');
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
  });
});
