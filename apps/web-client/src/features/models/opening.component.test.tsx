import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { ModelsApi, ModelWish, OpenedModel } from '../../contract/models-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { Opened } from './opened.tsx';
import { Opening } from './opening.tsx';
import { useOpenModel } from './use-open-model.ts';

const wish: ModelWish = { origin: { kind: 'mirror', id: 'smol' } };
const model: OpenedModel = {
  name: 'smol',
  revision: 'abcdef0123456789',
  modelType: 'llama',
  parameters: 362e6,
  contextLength: 2048,
  precision: 'f16',
  backend: 'webgpu',
  kept: true,
  notes: ['It has no chat template.'],
  notice: null,
};
const words = 'Open it';

/** As the page has it: one model, and a button to open it. */
function Page() {
  const controls = useOpenModel();
  const { state } = controls;
  return (
    <>
      <button type="button" onClick={() => controls.open(wish)}>
        {words}
      </button>
      <Opening controls={controls} />
      {state.kind === 'open' ? <Opened model={state.model} onClose={controls.close} /> : null}
    </>
  );
}
const start = async (openModel: ModelsApi['openModel']) => {
  playWorker({ openModel });
  await show(<Page />);
  await button(words).click();
};
const progress = () => page.getByRole('progressbar', { name: 'Loading the model' });

describe('Opening', () => {
  it('says how far it is, what was here already, and what it opened', async () => {
    const [asked, opening] = [later<null>(), later<Outcome<OpenedModel>>()];
    await start(async (_, onProgress) => {
      await asked.answer;
      onProgress({ bytes: 300e6, total: 724e6, fetched: 200e6, bytesPerSecond: 14e6, secondsLeft: 30 });
      return opening.answer;
    });
    await see('Requesting the model’s files…');
    await expectAccessible();
    asked.give(null);
    await see('300 MB of 724 MB · 14 MB/s · 30 s left', '100 MB of it was already saved in this browser.');
    await expect.element(progress()).toHaveAttribute('aria-valuenow', '41');
    await expect.element(page.getByRole('status')).toHaveTextContent(/^40 %$/);
    await expectAccessible();
    opening.give(done(model));
    await expect.element(page.getByRole('region', { name: 'smol' })).toHaveTextContent(/362 million/);
    await seeNot('300 MB of 724 MB');
  });

  it('stops where it is told to, and goes on from there', async () => {
    const opening = later<Outcome<OpenedModel>>();
    await start(() => opening.answer);
    await button('Cancel').click();
    await see('Stopping');
    opening.give(refused('model-cancelled', 'It was cancelled.'));
    await expect.element(page.getByRole('status')).toHaveTextContent(/^Loading stopped\./);
    await expectAccessible();
    playWorker({ openModel: async () => done(model) });
    await button('Try again').click();
    await expect.element(page.getByRole('region', { name: 'smol' })).toBeVisible();
  });

  it.each([
    ['model-too-large', 'Choose a lower weight precision (int8 or int4) or a smaller model.'],
    ['coordinator-unreachable', 'Check the connection and try again.'],
    ['storage-unavailable', 'Delete a model below that you no longer need, and try again.'],
  ] as const)('says why it did not arrive, and what to do: %s', async (code, advice) => {
    await start(async () => refused(code, 'It did not come.'));
    await seeFailure('Could not open the model', 'It did not come.', advice, code);
    await expectAccessible();
    await button('Close').click();
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
  });
});

describe('Opened', () => {
  it('says what is open, and that it opens offline', async () => {
    const onClose = vi.fn();
    await show(<Opened model={model} onClose={onClose} />);
    await see('362 million', 'it opens offline next time', 'It has no chat template.', 'abcdef0123');
    await button('Close the model').click();
    expect(onClose).toHaveBeenCalledOnce();
    await expectAccessible();
  });

  it('says that it is not kept, and why', async () => {
    const notice = { code: 'storage-unavailable', message: 'There is no room.' } as const;
    await show(<Opened model={{ ...model, kept: false, notice, notes: [] }} onClose={() => {}} />);
    await see('it has to be loaded again next time', 'The model is open but could not be saved', 'There is no room.');
    await expectAccessible();
  });
});
