import { openView, write } from '../demo/tab.ts';
import { embeddedModel, expect, test, until } from './stage.ts';

test('two people tune together, compare the models in a chat, and take the adapter home', async ({
  stage,
  browser,
}) => {
  const { id, joinUrl } = await stage.federation({
    model: embeddedModel,
    smallestGroup: 1,
    schedule: { rounds: 2, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 120 },
  });
  const texts = stage.texts(2, 28);
  const foreign: string[] = [];
  for (const [i, name] of ['Ada', 'Grace'].entries()) {
    const tab = await stage.open(browser, { name, joinUrl, dataset: texts[i] as string, backend: 'auto' });
    tab.page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== stage.url && !['blob:', 'data:'].includes(protocol)) foreign.push(request.url());
    });
    await tab.start();
  }
  const [ada] = stage.tabs as [(typeof stage.tabs)[0]];
  await until('the federation is finished', async () => (await ada.status()).state === 'finished');

  await test.step('the figures are those that the operator sees', async () => {
    const session = await ada.session();
    const detail = await stage.operator.detail(id);
    expect(session.backend).toBe('wasm');
    expect(session.rounds.map(({ outcome }) => outcome)).toEqual(['committed', 'committed']);
    const last = session.rounds.at(-1)?.perplexity;
    expect(last?.tuned).toBeLessThan(last?.base ?? 0);
    expect(session.kept).toBe(detail.clients.find(({ id }) => id === session.client)?.kept);
    // [PF2] half of the expanded space, to a parameter.
    expect(session.kept).toBe(Math.round((session.size ?? 0) / 2));
    const deltas = session.messages.filter(({ direction, kind }) => direction === 'up' && kind === 'chunk');
    expect(deltas.length).toBeGreaterThanOrEqual(3);
    expect(detail.maskOverlap.matrix).toHaveLength(2);
  });

  await test.step('chat beside the base model', async () => {
    await openView(ada.page, 'Chat');
    await write(ada.page, 'What time do you open?');
    await ada.page.getByRole('button', { name: 'Send' }).click();
    for (const which of ['base', 'personal']) {
      await expect
        .poll(async () => (await ada.page.getByTestId(`answer-${which}`).last().textContent())?.trim().length)
        .toBeGreaterThan(0);
    }
  });

  await test.step('the adapter, as PEFT reads it', async () => {
    const downloads = new Map<string, string>();
    const all = new Promise<void>((resolve) => {
      ada.page.on('download', async (download) => {
        downloads.set(download.suggestedFilename(), await download.path());
        if (downloads.size === 3) resolve();
      });
    });
    await openView(ada.page, 'Export');
    await ada.page.getByRole('button', { name: /Export adapter/ }).click();
    await all;
    expect([...downloads.keys()].sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'mask.bin']);
  });

  expect(foreign, 'requests to other origins').toEqual([]);
  for (const tab of stage.tabs) expect(tab.errors, `errors in ${tab.name}'s console`).toEqual([]);
});
