import type { Tab } from '../demo/tab.ts';
import { embeddedModel, expect, test, until } from './stage.ts';

const verdict = /^(Yes, joining helped\.|No, joining didn’t help\.|Nobody can tell yet\.)$/;

test('[PF9] a person learns whether joining helped: as they work, or afterwards when they ask', async ({
  stage,
  browser,
}) => {
  test.setTimeout(300_000);
  const { joinUrl } = await stage.federation({
    model: embeddedModel,
    schedule: { rounds: 2, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 280 },
  });
  const [ours, theirs] = stage.texts(2, 60) as [string, string];
  const ada = await stage.open(browser, { name: 'Ada', joinUrl, dataset: ours, backend: 'wasm', compares: true });
  const bea = await stage.open(browser, { name: 'Bea', joinUrl, dataset: theirs, backend: 'wasm' });
  await expect(ada.page.getByRole('switch', { name: 'Find out whether joining helps me' })).toBeChecked();
  for (const tab of [ada, bea]) await tab.start();
  for (const tab of [ada, bea]) await isFinished(tab);

  await test.step('who compared as they worked has the answer, its figures, and what they keep', async () => {
    const answer = ada.page.getByRole('region', { name: 'Was joining worth it?' });
    await expect(answer.getByTestId('verdict')).toHaveText(verdict);
    const { conclusion, rounds } = await ada.session();
    const { together, alone, kept } = conclusion?.perplexity ?? {};
    expect(alone).toBeGreaterThan(1);
    expect([together, alone]).toContain(kept);
    expect(kept).toBeLessThan(rounds[0]?.perplexity.base as number);
    await expect(answer.getByTestId('kept')).toContainText('You keep ');
  });

  await test.step('who did not is offered it, and tunes alone then', async () => {
    await expect(bea.page.getByText('Did joining help?')).toBeVisible();
    expect((await bea.session()).conclusion?.perplexity.alone).toBe(null);
    await bea.page.getByRole('button', { name: 'Compare with tuning alone' }).click();
    const answer = bea.page.getByRole('region', { name: 'Was joining worth it?' });
    await expect(answer.getByTestId('verdict')).toHaveText(verdict, { timeout: 200_000 });
    await isFinished(bea);
    expect((await bea.session()).conclusion?.perplexity.alone).toBeGreaterThan(1);
  });

  await test.step('nothing of it has gone to the coordinator', async () => {
    const { messages } = await ada.session();
    expect(messages.filter(({ kind, direction }) => direction === 'up' && kind === 'complete').length).toBeLessThan(5);
  });
  for (const tab of [ada, bea]) expect(tab.errors).toEqual([]);
});

async function isFinished(tab: Tab): Promise<void> {
  await until('the federation is finished', async () => (await tab.status()).state === 'finished', { within: 250_000 });
}
