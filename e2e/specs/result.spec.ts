import type { Page } from 'playwright';
import { inForm } from '../../testing/form.ts';
import { openView, type, write } from '../demo/tab.ts';
import { embeddedModel, expect, test, tinyModel, until } from './stage.ts';

/** On WebGPU in the long form, with a smaller model: where the graphics processor is software it is slow. */
const backends = inForm({ short: ['wasm'] as const, long: ['wasm', 'webgpu'] as const });

for (const backend of backends) {
  test(`what a person gets on ${backend}: two answers side by side, what improved example by example, and commands for elsewhere`, async ({
    stage,
    browser,
    browserName,
  }) => {
    test.skip(browserName === 'firefox' && backend === 'webgpu', 'Firefox walks the way on WASM only');
    test.setTimeout(backend === 'webgpu' ? 600_000 : 300_000);
    const { joinUrl } = await stage.federation({
      model: backend === 'webgpu' ? tinyModel : embeddedModel,
      schedule: { rounds: 2, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 280 },
    });
    const [dataset] = stage.texts(1, 40) as [string];
    const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend });
    const { page } = tab;
    // Firefox lets a test read the clipboard without asking.
    if (browserName === 'chromium') await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await tab.start();

    const chat = page.getByRole('region', { name: 'Try it' });
    const improvements = page.getByRole('region', { name: 'What improved' });

    await test.step('before the first tuning there is no empty card, and it is said when it comes', async () => {
      await expect(improvements).toHaveCount(0);
      await openView(page, 'Export');
      await expect(page.getByText('Available after the first tuning.')).toBeVisible();
      await openView(page, 'Result');
    });
    await until('the federation is finished', async () => (await tab.status()).state === 'finished', {
      within: 250_000,
    });

    await test.step('the examples together are the perplexities of the page', () => comparesAsThePage(page));

    await test.step('held-out questions are answered by both models, side by side, beside what the text says', async () => {
      const answers = page.getByTestId('answered-questions');
      const answered = answers.getByTestId('answered-question');
      // Alone in a federation there is nobody to wait for: as a rule no round's answers have come by themselves.
      const ask = answers.getByRole('button', { name: /^Answer (a few questions|again)$/ });
      if (await ask.isVisible()) await ask.click();
      await expect(answered.first()).toBeVisible({ timeout: 120_000 });
      await expect(ask).toHaveCount(0);
      await expect(answered).toHaveCount(3);
      await expect(answers).toContainText(/ROUGE-L[01]\.\d\d → [01]\.\d\d/);
      await expect(answers).toContainText(/Exact match\d → \d of 3/);
      for (const who of ['Base model', 'Your model', 'Your text']) await expect(answered.first()).toContainText(who);
    });

    await test.step('an example is opened, token by token, and asked', async () => {
      const first = page.getByTestId('compared-example').first();
      await first.getByRole('button').first().click();
      await first.getByRole('button', { name: 'Table view' }).click();
      const rows = first.getByRole('row');
      await expect.poll(() => rows.count()).toBeGreaterThan(3);
      await expect(rows.nth(1)).toContainText('%');
      await first.getByRole('button', { name: 'Ask the models this' }).click();
      await expect(chat.getByLabel('Your message')).not.toHaveValue('');
      await chat.getByRole('button', { name: 'Send' }).click();
      await expect(chat.getByRole('button', { name: 'Send' })).toBeVisible({ timeout: 120_000 });
      for (const which of ['base', 'personal']) await expect(chat.getByTestId(`answer-${which}`)).toHaveText(/\S/);
      await expect(chat).toContainText('The answer in your text');
      await expect(chat).toContainText(/\d+ tokens?, .* tokens\/s · round [12]/);
    });

    await test.step('an answer that would not end is stopped, and another one asked of one model alone', async () => {
      await chat.getByRole('button', { name: 'Settings' }).click();
      // Every word is about as likely as the next: no end comes by itself.
      for (const [label, value] of [
        ['Temperature', '2'],
        ['Top-p', '1'],
        ['Top-k', '0'],
        ['Max tokens', '2048'],
      ] as const) {
        await type(chat.getByRole('textbox', { name: label }), value);
      }
      await chat.getByRole('button', { name: 'Ask again' }).click();
      await expect(chat.getByTestId('answer-personal')).toHaveText(/\S/);
      await chat.getByRole('button', { name: 'Stop' }).click();
      await expect(chat.getByText(/ · stopped$/)).toHaveCount(2);
      await type(chat.getByRole('textbox', { name: 'Max tokens' }), '8');
      await chat.getByRole('radiogroup', { name: 'Who answers' }).getByText('Personal').click();
      await write(chat, 'And on Sunday?');
      await chat.getByLabel('Your message').press('Enter');
      await expect(chat.getByText(/^8 tokens, .* max tokens reached$/)).toHaveCount(1);
      await expect(chat.getByTestId('answer-base')).toHaveCount(1);
      await chat.getByRole('button', { name: 'Clear' }).click();
      await expect(chat.getByRole('log')).toHaveCount(0);
    });

    await test.step('a command is copied with the names of the files', async () => {
      await openView(page, 'Export');
      await page.getByTestId('export-gguf-q8_0').click();
      await page.getByRole('button', { name: 'Copy: Ollama: a file named Modelfile' }).click();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toMatch(/^FROM \.\/\w[\w-]*-tuned-Q8_0\.gguf/);
    });

    await test.step('after a reload the settings are as they were, and the kept text is compared anew', async () => {
      await page.reload();
      await page.getByRole('button', { name: 'Load my model' }).click();
      await openView(page, 'Result');
      await comparesAsThePage(page);
      await openView(page, 'Chat');
      await chat.getByRole('button', { name: 'Settings' }).click();
      await expect(chat.getByRole('textbox', { name: 'Temperature' })).toHaveValue('2');
      await chat.getByRole('button', { name: 'Reset to defaults' }).click();
      await expect(chat.getByRole('textbox', { name: 'Temperature' })).toHaveValue('0.5');
    });

    await test.step('a conversation begins with a held-out example', async () => {
      await chat.getByRole('button', { name: /^Show all \(\d+\)$/ }).click();
      const start = page.getByRole('dialog').getByRole('listitem').nth(1);
      const prompt = (await start.locator('span').first().textContent()) as string;
      await start.getByRole('button').click();
      await expect(chat.getByLabel('Your message')).toHaveValue(prompt);
      await expect(chat.getByLabel('Your message')).toBeFocused();
    });
    expect(tab.errors, 'errors in the console').toEqual([]);

    async function comparesAsThePage(page: Page): Promise<void> {
      await improvements.getByRole('button', { name: 'Compare example by example' }).click();
      const comparison = page.getByTestId('comparison');
      await expect(comparison).toBeVisible({ timeout: 120_000 });
      const more = comparison.getByRole('button', { name: /^Show more/ });
      if (await more.isVisible()) await more.click();
      const examples = await comparison.getByTestId('compared-example').evaluateAll((items) =>
        items.map((item) => {
          const { tokens, base, personal } = (item as HTMLElement).dataset;
          return { tokens: Number(tokens), base: Number(base), personal: Number(personal) };
        }),
      );
      const session = await tab.session();
      expect(examples.length).toBe(session.examples?.heldOut);
      const better = examples.filter(({ base, personal }) => Math.exp(base - personal) > 1 / 0.98).length;
      await expect(comparison).toContainText(`Better on ${better} of ${examples.length}`);
      const tokens = examples.reduce((sum, example) => sum + example.tokens, 0);
      const perplexity = (which: 'base' | 'personal') =>
        Math.exp(examples.reduce((sum, example) => sum + example.tokens * example[which], 0) / tokens);
      expect(perplexity('base') / (session.rounds[0]?.perplexity.base as number)).toBeCloseTo(1, 3);
      expect(perplexity('personal') / (session.conclusion?.perplexity.kept as number)).toBeCloseTo(1, 3);
    }
  });
}
