import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { keepDownloads } from '../../../test/keep-downloads.ts';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { instant, sampleDetail } from '../../../test/samples.ts';
import { button, expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { ExportsApi } from '../../contract/exports-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { Downloads } from './downloads.tsx';

const EVENTS = 'GET /api/admin/federations/bakers/events?after=0&limit=1000';
const thetaOf = (round: number) => `GET /api/admin/federations/bakers/theta?version=${round}`;
const detail = sampleDetail({ status: { state: 'training', version: 2, round: 3 } });
const playTheta = (round: number) =>
  playCoordinator({
    'GET /models/perfit-nano/config.json': () => ({ model_type: 'llama' }),
    [thetaOf(round)]: () => new ArrayBuffer(16),
  });

let downloads: ReturnType<typeof keepDownloads>;
beforeEach(() => {
  downloads = keepDownloads();
});
afterEach(() => downloads.letGo());

describe('Downloads', () => {
  it('has figures and log to take away', async () => {
    playCoordinator({ [EVENTS]: () => [{ sequence: 1, at: instant, kind: 'joined', text: 'Ada joined.' }] });
    await show(<Downloads detail={sampleDetail()} />);
    await see('Each round’s adapter can be downloaded once the round is committed.');
    await expect.element(page.getByRole('link', { name: 'Download results (CSV)' })).toHaveAttribute('download');
    await button('Download results (JSON)').click();
    await button('Download event log (JSON)').click();
    await expect.poll(() => downloads.names).toEqual(['bakers-results.json', 'bakers-events.json']);
    await expectAccessible();
  });

  it('says why the log did not come', async () => {
    playCoordinator({ [EVENTS]: () => refusal('internal', 'The disk is full.', 500) });
    await show(<Downloads detail={sampleDetail()} />);
    await button('Download event log (JSON)').click();
    await seeFailure('That didn’t work', 'The disk is full.');
  });
});

describe('AdapterDownload', () => {
  it('offers the latest round, writes it, and says what to do with it', async () => {
    const writing = later<Outcome<readonly File[]>>();
    const globalAdapter = vi.fn<ExportsApi['globalAdapter']>(() => writing.answer);
    playTheta(2);
    playWorker({ globalAdapter });
    await show(<Downloads detail={detail} />);
    await expect.element(page.getByRole('combobox', { name: 'Adapter after round' })).toHaveValue('2');
    await button('Download adapter (PEFT)').click();
    await expect.poll(() => globalAdapter.mock.calls.length).toBe(1);
    await expect.element(page.getByRole('button', { name: 'Download adapter (PEFT)' })).toHaveAttribute('data-loading');
    writing.give(done([new File([''], 'adapter_config.json'), new File([''], 'adapter_model.safetensors')]));
    await expect.element(page.getByRole('status')).toHaveTextContent(/^Two files, adapter_config\.json and/);
    expect(downloads.names).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    await expectAccessible();
  });

  it('offers every earlier round', async () => {
    const globalAdapter = vi.fn<ExportsApi['globalAdapter']>(async () => done([]));
    playTheta(1);
    playWorker({ globalAdapter });
    await show(<Downloads detail={detail} />);
    await page.getByRole('combobox', { name: 'Adapter after round' }).selectOptions('1');
    await button('Download adapter (PEFT)').click();
    await expect.poll(() => globalAdapter.mock.calls[0]?.[0].theta.byteLength).toBe(16);
  });

  it('says why it could not', async () => {
    playTheta(2);
    playWorker({ globalAdapter: async () => refused('export-unsupported', 'PEFT knows no such adapter.') });
    await show(<Downloads detail={detail} />);
    await button('Download adapter (PEFT)').click();
    await seeFailure('That didn’t work', 'PEFT knows no such adapter.');
    expect(downloads.names).toEqual([]);
  });
});
