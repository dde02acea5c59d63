import { type ComponentProps, useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator } from '../../../test/play-coordinator.ts';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { at, sampleDevice, sampleEntry } from '../../../test/samples.ts';
import { button, expectAccessible, see, seeFact, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { CatalogueApi, CatalogueEntry } from '../../contract/catalogue-api.ts';
import type { OpenedModel, StoredModel } from '../../contract/models-api.ts';
import { Catalogue } from './catalogue.tsx';
import type { PrecisionWish } from './precision.ts';

type Props = ComponentProps<typeof Catalogue>;

const entry = sampleEntry();
const props: Props = {
  backend: 'auto',
  precision: 'auto',
  onPrecision: () => {},
  state: { kind: 'closed' },
  onOpen: () => {},
};
/** The page keeps the precision. */
function Kept(changes: Partial<Props>) {
  const [precision, setPrecision] = useState<PrecisionWish>('auto');
  return <Catalogue {...props} precision={precision} onPrecision={setPrecision} {...changes} />;
}
const reckoned = { maxLength: 256, batchSize: 1, rank: 8, contextLength: 2048 };
const stored: StoredModel = {
  key: 'a',
  name: entry.repository,
  origin: 'hub',
  revision: 'abc123',
  bytes: 724e6,
  storedBytes: 724e6,
  usedAt: at,
};

interface Played {
  readonly entries?: readonly CatalogueEntry[];
  readonly mirrored?: readonly string[];
  readonly hub?: boolean;
  readonly kept?: readonly StoredModel[];
}

function playCatalogue({ entries = [entry], mirrored = [], hub = true, kept = [] }: Played = {}) {
  const models = mirrored.map((id) => ({ id, bytes: 724e6, modelType: 'llama', problem: null }));
  playCoordinator({ 'GET /api/models': () => ({ models, hub }) });
  playWorker({
    catalogue: async () => done({ device: sampleDevice, budget: 4e9, reckoned, models: entries }),
    modelStorage: async () => done({ models: kept, usage: null, quota: null }),
  });
}
const open = () => button('Open SmolLM2 360M');

describe('Catalogue', () => {
  it('reckons, and then shows what each model takes', async () => {
    const reckoning = later<Awaited<ReturnType<CatalogueApi['catalogue']>>>();
    playCatalogue();
    playWorker({ catalogue: () => reckoning.answer });
    await show(<Kept />);
    await seeNot('SmolLM2 360M');
    reckoning.give(done({ device: sampleDevice, budget: 4e9, reckoned, models: [entry] }));
    await expect.element(page.getByRole('article', { name: 'SmolLM2 360M' })).toBeVisible();
    await see(/^Memory is estimated for tuning one text of 256 tokens at a time at rank 8/);
    await seeFact('Download', '724 MB');
    await seeFact('Weights', '700 MB f16');
    await expectAccessible();
  });

  it('says nothing where the device is the matter: that is said where the device is', async () => {
    playCatalogue();
    playWorker({ catalogue: async () => refused('device-none', 'There is nothing to compute with.') });
    await show(<Kept />);
    await expect.poll(() => page.getByRole('region', { name: 'Catalog' }).elements().length).toBe(0);
  });

  it('says by its precision whether a model fits, and why', async () => {
    playCatalogue();
    await show(<Kept />);
    await see('Tight', 'Fits your device');
    await page.getByText('Why', { exact: true }).click();
    await see('Tuning takes 3.8 GB of 4.0 GB.');
    await page.getByRole('radiogroup', { name: 'Weight precision' }).getByText('f32').click();
    await see('Too large', 'Tuning takes 5.0 GB of 4.0 GB.');
    await seeFact('Weights', '1.4 GB f32');
    await expectAccessible();
  });

  it('opens one from the Hub where pages may, and not where they may not', async () => {
    const onOpen = vi.fn();
    playCatalogue();
    await show(<Kept onOpen={onOpen} />);
    await open().click();
    expect(onOpen).toHaveBeenCalledWith({ origin: { kind: 'hub', repository: entry.repository } });
  });

  it('says why it cannot be opened on a closed network', async () => {
    playCatalogue({ hub: false });
    await show(<Kept />);
    await expect.element(open()).toBeDisabled();
    await expect.element(open()).toHaveAccessibleDescription(/^This coordinator doesn’t have it/);
    await expectAccessible();
  });

  it('takes it from this coordinator where that has it', async () => {
    const onOpen = vi.fn();
    playCatalogue({ hub: false, mirrored: ['SmolLM2-360M-Instruct'] });
    await show(<Kept onOpen={onOpen} />);
    await see('On this coordinator');
    await open().click();
    expect(onOpen).toHaveBeenCalledWith({ origin: { kind: 'mirror', id: 'SmolLM2-360M-Instruct' } });
  });

  it('takes it from this browser where it is kept here', async () => {
    const onOpen = vi.fn();
    playCatalogue({ hub: false, kept: [stored] });
    await show(<Kept onOpen={onOpen} />);
    await see('Saved here');
    await open().click();
    expect(onOpen).toHaveBeenCalledWith({
      origin: { kind: 'hub', repository: entry.repository, revision: 'abc123' },
    });
  });

  it('needs a token for one whose licence has to be accepted', async () => {
    playCatalogue({ entries: [{ ...entry, licence: { ...entry.licence, gated: true } }] });
    await show(<Kept />);
    await see('Accept the license on the Hub', 'Needs a Hub token: open it by name below.');
    await expect.element(open()).toBeDisabled();
    await expectAccessible();
  });

  it('opens none twice', async () => {
    playCatalogue();
    const origin = { kind: 'hub', repository: entry.repository } as const;
    const { change } = await show(
      <Kept state={{ kind: 'loading', wish: { origin }, progress: null, stopping: false }} />,
    );
    await expect.element(open()).toBeDisabled();
    const model = { name: entry.repository } as OpenedModel;
    await change(<Kept state={{ kind: 'open', model, adapter: null }} />);
    await see('Already open');
    await expect.element(open()).toBeDisabled();
  });
});
