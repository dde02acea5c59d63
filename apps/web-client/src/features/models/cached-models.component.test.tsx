import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { at } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { ModelStorage, StoredModel } from '../../contract/models-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { CachedModels } from './cached-models.tsx';

const model = (key: string, changes: Partial<StoredModel> = {}): StoredModel => ({
  key,
  name: `model-${key}`,
  origin: 'mirror',
  revision: 'abcdef0123456789',
  bytes: 724e6,
  storedBytes: 724e6,
  usedAt: at,
  ...changes,
});
const playStorage = (models: readonly StoredModel[], usage: number | null = null) =>
  playWorker({ modelStorage: async () => done({ models, usage, quota: usage === null ? null : 60e9 }) });
const row = (name: RegExp) => page.getByRole('row', { name });

describe('CachedModels', () => {
  it('looks, and then says that nothing is kept', async () => {
    const looking = later<Outcome<ModelStorage>>();
    playWorker({ modelStorage: () => looking.answer });
    await show(<CachedModels busy={false} onOpen={() => {}} />);
    await expect.element(page.getByText('Nothing saved yet.')).not.toBeInTheDocument();
    looking.give(done({ models: [], usage: 0, quota: 60e9 }));
    await see('Nothing saved yet.', '0 B of 60 GB');
    await expectAccessible();
  });

  it('says where it could not look', async () => {
    playWorker({ modelStorage: async () => refused('storage-unavailable', 'This browser keeps nothing.') });
    await show(<CachedModels busy={false} onOpen={() => {}} />);
    await seeFailure('Could not list what is saved', 'This browser keeps nothing.');
  });

  it('shows what is whole, what is not, and where each comes from again', async () => {
    const onOpen = vi.fn();
    playStorage([model('a'), model('b', { origin: 'hub', storedBytes: 100e6 }), model('c', { origin: 'files' })], 2e9);
    await show(<CachedModels busy={false} onOpen={onOpen} />);
    await expect.element(row(/^model-a from the coordinator, abcdef0123 724 MB complete 22 Nov 2026/)).toBeVisible();
    await expect.element(row(/^model-b from the Hub, abcdef0123 724 MB 100 MB of 724 MB saved/)).toBeVisible();
    await expect.element(row(/^model-c/).getByRole('button', { name: /^Open/ })).not.toBeInTheDocument();
    await expect.element(page.getByRole('progressbar', { name: 'Storage used by this site' })).toBeVisible();
    await button('Open model-b, from the Hub').click();
    expect(onOpen).toHaveBeenCalledWith({ kind: 'hub', repository: 'model-b', revision: 'abcdef0123456789' });
    await expectAccessible();
  });

  it('opens nothing while another model is on its way', async () => {
    playStorage([model('a')]);
    await show(<CachedModels busy onOpen={() => {}} />);
    await expect.element(button('Open model-a, from the coordinator')).toBeDisabled();
    await expect.element(button('Delete model-a')).toBeEnabled();
  });

  it('asks before it deletes', async () => {
    const deleteModel = vi.fn(async () => {
      playStorage([]);
      return done(null);
    });
    playStorage([model('a')]);
    playWorker({ deleteModel });
    await show(<CachedModels busy={false} onOpen={() => {}} />);
    await button('Delete model-a').click();
    await expect.element(dialog('Delete this model?')).toHaveTextContent('Deleting model-a frees 724 MB.');
    await expect.element(button('Keep it')).toHaveFocus();
    await expectAccessible();
    await userEvent.keyboard('{Enter}');
    expect(deleteModel).not.toHaveBeenCalled();
    await button('Delete model-a').click();
    await dialog('Delete this model?').getByRole('button', { name: 'Delete' }).click();
    await see('Nothing saved yet.');
    expect(deleteModel).toHaveBeenCalledWith('a');
  });

  it('says why it could not delete', async () => {
    playStorage([model('a')]);
    playWorker({ deleteModel: async () => refused('other-tab', 'Another tab has it open.') });
    await show(<CachedModels busy={false} onOpen={() => {}} />);
    await button('Delete model-a').click();
    await dialog('Delete this model?').getByRole('button', { name: 'Delete' }).click();
    await seeFailure('Could not delete the model', 'Another tab has it open.');
    await expect.element(row(/^model-a/)).toBeVisible();
  });
});
