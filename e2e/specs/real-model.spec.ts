import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { isLongForm, longFormReason } from '../../testing/form.ts';
import { perfit, projectRoot } from '../demo/coordinator-process.ts';
import { write } from '../demo/tab.ts';
import { expect, test, until } from './stage.ts';

const MAX_LENGTH = 128;
/** A model with real weights, in the Hub's format; where it lies beside the project. */
const tinyStories = join(projectRoot, '..', 'shared', 'models', 'tinystories-656k');
const nano = join(projectRoot, 'models', 'perfit-nano');
const sample = join(projectRoot, 'samples', 'bakers-shop.jsonl');

for (const folder of [nano, tinyStories]) {
  const name = folder.split('/').at(-1) as string;
  test(`${name} from disk: opened, talked to, and measured as perfit eval measures it`, async ({ stage, page }) => {
    test.skip(!existsSync(folder), 'no models/tinystories-656k beside the project');
    test.skip(folder === tinyStories && !isLongForm, longFormReason);
    await page.goto(`${stage.url}/models?backend=wasm`);
    await page.getByRole('tab', { name: 'Your disk' }).click();
    const files = readdirSync(folder).filter((file) => /\.(json|safetensors)$/.test(file));
    await page.getByTestId('model-files').setInputFiles(files.map((file) => join(folder, file)));
    await page
      .getByRole('tabpanel')
      .getByRole('button', { name: /^Open / })
      .click();
    await expect(page.getByTestId('open-state')).toHaveAttribute('data-state', 'open', { timeout: 60_000 });

    await write(page, 'Once upon a time');
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.getByTestId('answer-base')).toHaveText(/\w{2,}/);

    const inNode = perfitEval(folder);
    const inTab = await measured(page);
    expect(Math.abs(inTab.perplexity / inNode.perplexity - 1)).toBeLessThan(1e-3);
    expect([inTab.examples, inTab.tokens, inTab.responseTokens]).toEqual([
      inNode.examples,
      inNode.tokens,
      inNode.responseTokens,
    ]);
  });
}

test.describe('on a coordinator with models of its own', () => {
  test.use({ ownCoordinator: true });

  test('a model of the Hub that the coordinator mirrors is tuned in a tab', async ({ stage, browser }) => {
    test.skip(!existsSync(tinyStories), 'no models/tinystories-656k beside the project');
    cpSync(tinyStories, join(stage.models, 'tinystories-656k'), { recursive: true });
    const { joinUrl } = await stage.federation({
      model: 'tinystories-656k',
      schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 150 },
    });
    const [dataset] = stage.texts(1, 40) as [string];
    const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
    await tab.start();
    await until('it is through', async () => (await tab.status()).state === 'finished');
    const { base, tuned } = (await tab.session()).rounds[0]?.perplexity ?? { base: null, tuned: null };
    expect(tuned as number).toBeLessThan(base as number);
  });
});

interface Measured {
  readonly perplexity: number;
  readonly examples: number;
  readonly tokens: number;
  readonly responseTokens: number;
}

function perfitEval(model: string): Measured {
  const args = ['eval', model, '--data', sample, '--max-length', String(MAX_LENGTH), '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...perfit, ...args], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Measured;
}

async function measured(page: Page): Promise<Measured> {
  await page.getByTestId('evaluation-file').setInputFiles(sample);
  await page.getByLabel('Max sequence length').fill(String(MAX_LENGTH));
  await page.getByRole('button', { name: 'Measure' }).click();
  const cells = page.getByTestId('evaluation').getByRole('row').nth(1).getByRole('cell');
  await expect(cells).toHaveCount(5, { timeout: 120_000 });
  const [, , ...counts] = await cells.allTextContents();
  const [examples, tokens, responseTokens] = counts.map((text) => Number(text.replaceAll(',', ''))) as [
    number,
    number,
    number,
  ];
  return { perplexity: Number(await cells.first().getAttribute('data-value')), examples, tokens, responseTokens };
}
