import { expect, test, until } from './stage.ts';

test('WebAssembly runs two threads in the built client, under its content policy', async ({ stage, browser }) => {
  const { joinUrl } = await stage.federation({
    search: { warmupEpochs: 0.5, iterations: 1, batches: 1 },
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 120 },
  });
  const [dataset] = stage.texts(1, 16) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'wasm', threads: 2 });

  await expect(tab.page.getByTestId('device-facts')).toContainText('2 threads');
  await expect(tab.page.getByText(/of the 2 threads asked for/)).toHaveCount(0);
  // Beside the engine's own worker one thread is left: the caller is the other one, and spare ones are ended.
  const scripts = () => tab.page.workers().map((worker) => new URL(worker.url()).pathname);
  await expect.poll(() => scripts().filter((path) => path.startsWith('/assets/wasm-thread-'))).toHaveLength(1);

  await test.step('a round on them', async () => {
    await tab.start();
    await until('the federation is finished', async () => (await tab.status()).state === 'finished');
    const { device, rounds } = await tab.session();
    expect(device).toContain('2 threads');
    expect(rounds[0]?.perplexity.tuned).toBeLessThan(rounds[0]?.perplexity.base ?? 0);
  });
  // What the content policy refuses to the page, the console says; a thread that it refused would not have come up.
  expect(tab.errors).toEqual([]);
});
