import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { keepDownloads } from '../../../test/keep-downloads.ts';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { ExportChoices, ExportsApi } from '../../contract/exports-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { AdapterExport } from './adapter-export.tsx';

const choices: ExportChoices = {
  baseModel: 'perfit-nano',
  hasChatTemplate: false,
  choices: [
    {
      format: 'adapter',
      files: [
        { name: 'adapter_config.json', bytes: 700 },
        { name: 'adapter_model.safetensors', bytes: 99_300 },
      ],
      failure: null,
      notice: null,
    },
    { format: 'merged', files: [{ name: 'model.safetensors', bytes: 3_200_000 }], failure: null, notice: null },
    {
      format: 'gguf-f16',
      files: [{ name: 'model.gguf', bytes: 1_600_000 }],
      failure: null,
      notice: 'It cannot be told how to lay out a conversation.',
    },
    {
      format: 'gguf-q8_0',
      files: [],
      failure: { code: 'export-unsupported', message: 'Rows of 48 values do not divide into blocks of 32.' },
      notice: null,
    },
  ],
};
const form = (name: RegExp) => page.getByRole('radio', { name });

const playExports = (exportAs: ExportsApi['exportAs']) =>
  playWorker({ exportChoices: async () => done(choices), exportAs });

let downloads: ReturnType<typeof keepDownloads>;
beforeEach(() => {
  downloads = keepDownloads();
});
afterEach(() => downloads.letGo());

describe('AdapterExport', () => {
  it('says when it will be there, and shows no empty card before', async () => {
    await show(<AdapterExport ready={false} />);
    await see('Available after the first tuning.');
    await expect.element(page.getByRole('region')).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('reckons what there is, and says where it could not', async () => {
    const reckoning = later<Outcome<ExportChoices>>();
    playWorker({ exportChoices: () => reckoning.answer });
    await show(<AdapterExport ready />);
    await expect.element(button('Export adapter')).toBeDisabled();
    await seeNot('Available after the first tuning.');
    reckoning.give(refused('model-missing', 'The model’s files are gone.'));
    await seeFailure('Could not check what can be exported', 'The model’s files are gone.');
    await expectAccessible();
  });

  it('offers each form with its size, and says why one is none', async () => {
    playExports(async () => done(null));
    await show(<AdapterExport ready />);
    await expect.element(form(/^Adapter \(PEFT\) 100 kB/)).toBeChecked();
    await expect.element(form(/GGUF, 16-bit 1\.6 MB .*It cannot be told/)).toBeEnabled();
    await expect.element(form(/GGUF, 8-bit .*Rows of 48 values/)).toBeDisabled();
    await see('Python, with PEFT');
    await expectAccessible();
  });

  it('is chosen by arrow keys, and says how to use what is chosen', async () => {
    playExports(async () => done(null));
    await show(<AdapterExport ready />);
    await expect.element(form(/^Adapter/)).toBeVisible();
    form(/^Adapter/)
      .element()
      .focus();
    await userEvent.keyboard('{ArrowDown}');
    await expect.element(form(/^Whole model/)).toBeChecked();
    await expect.element(button('Export model')).toBeEnabled();
    await see('Python, with transformers');
    await seeNot('Python, with PEFT');
    await form(/^GGUF, 16-bit/).click();
    await see('llama.cpp, in a terminal');
    await expectAccessible();
  });

  it('says how far it is, and hands the files over', async () => {
    const writing = later<Outcome<readonly File[] | null>>();
    playExports(async (_, onProgress) => {
      onProgress(25_000, 100_000);
      return writing.answer;
    });
    await show(<AdapterExport ready />);
    await button('Export adapter').click();
    await see('25 kB of 100 kB');
    await expect
      .element(page.getByRole('progressbar', { name: 'Written so far' }))
      .toHaveAttribute('aria-valuenow', '25');
    await expect.element(form(/^Whole model/)).toBeDisabled();
    await expectAccessible();
    writing.give(done([new File(['{}'], 'adapter_config.json'), new File(['1234'], 'adapter_model.safetensors')]));
    await see(/^Your browser is saving these files/);
    await expect.element(page.getByRole('link', { name: 'adapter_model.safetensors' })).toBeVisible();
    expect(downloads.names).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    await expectAccessible();
    await form(/^Whole model/).click();
    await seeNot(/^Your browser is saving these files/);
  });

  it('can be cancelled', async () => {
    const writing = later<Outcome<readonly File[] | null>>();
    playExports(() => writing.answer);
    playWorker({
      cancelExport: async () => {
        writing.give(done(null));
        return done(null);
      },
    });
    await show(<AdapterExport ready />);
    await button('Export adapter').click();
    await button('Cancel').click();
    await see('Canceled; nothing was left behind.');
    await expect.element(button('Export adapter')).toBeEnabled();
    expect(downloads.names).toEqual([]);
  });

  it('says why it could not write', async () => {
    playExports(async () => refused('storage-unavailable', 'There is no room for 100 kB.'));
    await show(<AdapterExport ready />);
    await button('Export adapter').click();
    await seeFailure('Could not export the model', 'There is no room for 100 kB.', 'storage-unavailable');
    await expect.element(button('Export adapter')).toBeEnabled();
    await expectAccessible();
  });
});
