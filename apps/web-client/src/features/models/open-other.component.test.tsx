import type { ModelList } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { sampleNeeds } from '../../../test/samples.ts';
import { button, expectAccessible, field, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { OpenOther } from './open-other.tsx';

const LIST = 'GET /api/models';
const smol = { id: 'smol', bytes: 724e6, modelType: 'llama', problem: null };
const onOpen = vi.fn();
const start = async (list: () => unknown, { tab, busy = false }: { tab?: string; busy?: boolean } = {}) => {
  onOpen.mockClear();
  playCoordinator({ [LIST]: list });
  await show(<OpenOther precision="auto" busy={busy} onOpen={onOpen} />);
  if (tab) await page.getByRole('tab', { name: tab }).click();
};
const listOf =
  (models: ModelList['models'], hub = true) =>
  () => ({ models, hub });

describe('FromMirror', () => {
  it('looks, and then says that there are none', async () => {
    const looking = later<ModelList>();
    await start(() => looking.answer);
    await expect.element(page.getByText('This coordinator has no models.')).not.toBeInTheDocument();
    looking.give({ models: [], hub: false });
    await see('This coordinator has no models.');
    await expectAccessible();
  });

  it('says where it could not look', async () => {
    await start(() => refusal('internal', 'The disk is full.', 500));
    await seeFailure('Could not list the coordinator’s models', 'The disk is full.');
  });

  it('offers each with what it takes', async () => {
    playWorker({ assess: async () => done(sampleNeeds) });
    await start(listOf([smol]));
    await see('llama · 724 MB', 'Tight');
    await expectAccessible();
    await button('Open smol').click();
    expect(onOpen).toHaveBeenCalledWith({ origin: { kind: 'mirror', id: 'smol' } });
  });

  it('says why one cannot be opened here', async () => {
    playWorker({ assess: async () => refused('model-unsupported', 'It is a BERT.') });
    await start(listOf([smol, { ...smol, id: 'half', modelType: null, problem: 'half has no config.json.' }]));
    await see('This model can’t be opened here: It is a BERT.');
    await see('This model can’t be opened here: half has no config.json.');
    await expect.element(button('Open smol')).toBeDisabled();
    await expect.element(button('Open half')).toBeDisabled();
    await expectAccessible();
  });

  it('opens none while another is on its way', async () => {
    playWorker({ assess: async () => done(sampleNeeds) });
    await start(listOf([smol]), { busy: true });
    await expect.element(button('Open smol')).toBeDisabled();
  });
});

describe('FromHub', () => {
  const hub = { tab: 'Hugging Face Hub' };
  const token = () => page.getByLabelText('Access token (gated models only)');

  it('asks whether it may, and is closed on a closed network', async () => {
    const asking = later<ModelList>();
    await start(() => asking.answer, hub);
    await see('Checking whether this coordinator’s pages may download from the Hub…');
    await expect.element(field('Repository')).toBeDisabled();
    asking.give({ models: [], hub: false });
    await see(/^Not available here: this coordinator’s pages may connect only to the coordinator/);
    await expect.element(field('Repository')).toBeDisabled();
    await expectAccessible();
  });

  it('opens a repository by its name, by keys alone', async () => {
    await start(listOf([]), hub);
    await expect.element(button('Open')).toBeDisabled();
    await field('Repository').fill('Qwen/Qwen3-0.6B@main');
    await userEvent.keyboard('{Enter}');
    expect(onOpen).toHaveBeenCalledWith({ origin: { kind: 'hub', repository: 'Qwen/Qwen3-0.6B', revision: 'main' } });
    await token().fill('hf_secret');
    await button('Open').click();
    expect(onOpen.mock.lastCall?.[0].origin.token).toBe('hf_secret');
    await expectAccessible();
  });

  it('says what a name is', async () => {
    await start(listOf([]), hub);
    await field('Repository').fill('Qwen3');
    await see('Use owner/name, owner/name:Q4_1 or owner/name@revision.');
    await expect.element(button('Open')).toBeDisabled();
    await expectAccessible();
  });
});

describe('FromDisk', () => {
  const disk = { tab: 'Your disk' };
  const give = (...names: string[]) =>
    page.getByTestId('model-files').upload(names.map((name) => new File(['0123456789'], name)));

  it('looks at a file before it opens it', async () => {
    playWorker({ assess: async () => done(sampleNeeds) });
    await start(listOf([]), disk);
    await expectAccessible();
    await give('smol.gguf');
    await see('llama · 1 file, 10 B', 'Fits your device');
    await expectAccessible();
    await button('Open smol').click();
    expect(onOpen.mock.lastCall?.[0].origin).toMatchObject({ kind: 'files', name: 'smol' });
  });

  it('says why it cannot, and what can be done', async () => {
    playWorker({ assess: async () => refused('weights-missing-file', 'There is no config.json.') });
    await start(listOf([]), disk);
    await give('a.safetensors', 'b.safetensors');
    await seeFailure(
      'This model can’t be opened here',
      'There is no config.json.',
      'A model is a GGUF file, or a folder',
    );
    await expectAccessible();
    playWorker({ assess: async () => done(sampleNeeds) });
    await give('config.json', 'model.safetensors');
    await expect.element(button('Open Selected files')).toBeEnabled();
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
  });
});
