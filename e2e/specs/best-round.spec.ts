import { embeddedModel, expect, test, until } from './stage.ts';

test('the page says which round is kept where it is not the last one, also after a reload', async ({
  stage,
  browser,
}) => {
  const { joinUrl } = await stage.federation({
    model: embeddedModel,
    // So fast that it gets worse and worse.
    tuning: { epochs: 3, batchSize: 8, maxLength: 128, learningRate: 5e-2 },
    schedule: { rounds: 3, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 120 },
  });
  const [dataset] = stage.texts(1, 24);
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset: dataset as string, backend: 'auto' });
  await tab.start();
  await until('the federation is finished', async () => (await tab.status()).state === 'finished');
  const note = tab.page.getByTestId('kept');
  await expect(note).toHaveText(/^You keep (?!the model of round 3 ).* \(perplexity \d+.*\)/);
  const said = (await note.textContent()) as string;

  await tab.page.reload();
  await tab.page.getByRole('button', { name: 'Load my model' }).click();
  await expect(note).toHaveText(said);
});
