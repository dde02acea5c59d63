import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../demo/coordinator-process.ts';
import { write } from '../demo/tab.ts';
import { expect, test } from './stage.ts';

test.describe('on a coordinator with models of its own', () => {
  test.use({ ownCoordinator: true });

  test('a model of the coordinator is opened, talked to and measured, and others are told beforehand what they need', async ({
    stage,
    page,
  }) => {
    const phi = join(stage.models, 'phi-3');
    mkdirSync(phi);
    writeFileSync(join(phi, 'config.json'), JSON.stringify({ model_type: 'phi3', hidden_size: 3072 }));
    await page.goto(`${stage.url}/models?backend=webgpu`);

    await test.step('six models, each with its verdict', async () => {
      const cards = page.locator('article[data-testid^="model-"]');
      await expect(cards).toHaveCount(6);
      const llama = page.getByTestId('model-llama-3.2-1b');
      await page.getByRole('radiogroup').getByText('f16').click();
      await expect(llama.locator('[data-verdict="too large"]').first()).toBeVisible();
      await llama.getByText('Why').click();
      await expect(llama.getByText(/Tuning with f16 weights takes about 3\.\d GB/)).toBeVisible();
      await expect(llama.getByRole('button', { name: /Open/ })).toBeDisabled();
    });

    // Where WebGPU runs in software the processor is faster.
    await page.goto(`${stage.url}/models`);

    await test.step('what cannot be followed is named before anything is fetched', async () => {
      const card = page.getByTestId('mirrored-phi-3');
      await expect(card).toContainText('model_type "phi3" is not supported');
      await expect(card.getByRole('button')).toBeDisabled();
    });

    await test.step('opened', async () => {
      await page.getByRole('button', { name: 'Open perfit-nano' }).click();
      await expect(page.getByTestId('open-state')).toHaveAttribute('data-state', 'open');
      await expect(page.getByTestId('opened-model')).toContainText('1.3 million');
    });

    await test.step('an answer', async () => {
      await write(page, 'What do you sell?');
      await page.getByRole('button', { name: 'Send' }).click();
      await expect(page.getByTestId('answer-base')).toHaveText(/\w{2,}/);
      await expect(page.getByTestId('answer-personal')).toHaveCount(0);
    });

    await test.step('a measurement', async () => {
      const sample = readFileSync(join(projectRoot, 'samples', 'bakers-shop.jsonl'), 'utf8');
      const some = stage.file('some.jsonl', sample.split('\n').slice(0, 12).join('\n'));
      await page.getByTestId('evaluation-file').setInputFiles(some);
      await page.getByRole('button', { name: 'Measure' }).click();
      const row = page.getByTestId('evaluation').getByRole('row').nth(1);
      await expect(row).toContainText(/Without the adapter\s*\d/, { timeout: 90_000 });
    });

    await test.step('what this browser keeps is listed, and deleted', async () => {
      const kept = page.getByTestId('cached-models').getByRole('row').filter({ hasText: 'perfit-nano' });
      await expect(kept).toContainText('complete');
      await kept.getByRole('button', { name: /Delete/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await expect(page.getByTestId('cached-models')).toHaveCount(0);
      const parts = await page.evaluate(async () => {
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-parts');
        const names: string[] = [];
        for await (const name of folder.keys()) names.push(name);
        return names;
      });
      expect(parts).toEqual([]);
    });

    await test.step('one file is no adapter', async () => {
      await page.getByTestId('adapter-files').setInputFiles(join(stage.models, 'perfit-nano', 'config.json'));
      await expect(page.locator('[role="alert"][data-code="adapter-missing-file"]')).toBeVisible();
    });
  });
});

test('files from disk are looked at before they are read, and a failed load says what to do', async ({
  stage,
  page,
}) => {
  await page.goto(`${stage.url}/models`);
  await page.getByRole('tab', { name: 'Your disk' }).click();
  const nano = (name: string) => join(stage.models, 'perfit-nano', name);

  await page.getByTestId('model-files').setInputFiles([nano('tokenizer.json')]);
  await expect(page.locator('[role="alert"][data-code="weights-missing-file"]')).toContainText(
    'neither a config.json nor a .gguf file',
  );

  const quantised = { ...JSON.parse(readFileSync(nano('config.json'), 'utf8')), quantization_config: { bits: 4 } };
  await page
    .getByTestId('model-files')
    .setInputFiles([
      { name: 'config.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(quantised)) },
    ]);
  await expect(page.locator('[role="alert"][data-code="model-unsupported-field"]')).toContainText(
    'quantization_config',
  );

  await page.getByTestId('model-files').setInputFiles([nano('config.json'), nano('tokenizer.json')]);
  await page
    .getByRole('tabpanel')
    .getByRole('button', { name: /^Open / })
    .click();
  await expect(page.getByTestId('open-state')).toHaveAttribute('data-state', 'failed');
  await expect(page.getByTestId('open-state').getByRole('alert')).toContainText('model.safetensors');

  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
  await page.getByTestId('model-files').setInputFiles(names.map(nano));
  await page
    .getByRole('tabpanel')
    .getByRole('button', { name: /^Open / })
    .click();
  await expect(page.getByTestId('open-state')).toHaveAttribute('data-state', 'open');
});
