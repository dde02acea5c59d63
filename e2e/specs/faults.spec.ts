import { countedOnce, expect, test, until } from './stage.ts';

/** Long enough to be met at it. */
const tuning = { epochs: 8, batchSize: 8, maxLength: 128, learningRate: 4e-3 };

test.describe('alone with its coordinator', () => {
  test.use({ ownCoordinator: true });

  test('[RD4] a killed tab, a reloaded tab and a killed coordinator: the federation completes', async ({
    stage,
    browser,
  }) => {
    test.setTimeout(420_000);
    const { id, joinUrl } = await stage.federation({
      tuning,
      schedule: { rounds: 3, recruit: 3, goal: 3, minimum: 2, deadlineSeconds: 60, settleSeconds: 3 },
    });
    const names = ['stays', 'is killed', 'is reloaded'];
    const texts = stage.texts(3, 40);
    for (const [i, name] of names.entries()) {
      const tab = await stage.open(browser, { name, joinUrl, dataset: texts[i] as string, backend: 'wasm' });
      await tab.start();
    }
    const [stays, killed, reloaded] = stage.tabs as [
      (typeof stage.tabs)[0],
      (typeof stage.tabs)[0],
      (typeof stage.tabs)[0],
    ];
    const state = async (tab: typeof stays) => (await tab.status()).state;

    await until('the first round is under way', async () => (await state(killed)) === 'tuning');
    const before = await reloaded.session();
    await killed.kill();
    await reloaded.reload();

    await until('the first round is committed', async () => {
      const { rounds } = await stage.operator.detail(id);
      return rounds.some((round) => round.number === 1 && round.state === 'committed');
    });
    await until('the second round is under way', async () => ['searching', 'tuning'].includes(await state(stays)));
    await stage.coordinator.kill();
    await stage.startCoordinator();

    await until(
      'the federation is finished',
      async () => (await stage.operator.detail(id)).status.state === 'finished',
      {
        within: 300_000,
      },
    );
    const detail = await stage.operator.detail(id);
    expect(countedOnce(detail)).toBe(true);
    const committed = detail.rounds.filter((round) => round.state === 'committed');
    expect(committed.map((round) => round.number)).toEqual([1, 2, 3]);
    // The reloaded tab kept its key: the coordinator knows one client where there was one person.
    expect(detail.clients).toHaveLength(3);
    await until('the tab that stayed has heard of the end', async () => (await state(stays)) === 'finished');
    await until('the reloaded tab has heard of the end', async () => (await state(reloaded)) === 'finished');
    const after = await reloaded.session();
    expect(after.client).toBe(before.client);
    const tuned = after.rounds.at(-1)?.perplexity;
    expect(tuned?.tuned).toBeLessThan(tuned?.base ?? 0);
  });
});

test('[HS3] a tab that was killed comes back to its round', async ({ stage, browser }) => {
  const { id, joinUrl } = await stage.federation({
    tuning,
    schedule: { rounds: 2, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 150 },
  });
  const texts = stage.texts(2, 40);
  for (const [i, name] of ['one', 'two'].entries()) {
    const tab = await stage.open(browser, { name, joinUrl, dataset: texts[i] as string, backend: 'wasm' });
    await tab.start();
  }
  const [, leaves] = stage.tabs as [(typeof stage.tabs)[0], (typeof stage.tabs)[0]];
  await until('it tunes', async () => (await leaves.status()).state === 'tuning');
  await leaves.kill();
  await leaves.reopen();
  await until('the federation is finished', async () => (await stage.operator.detail(id)).status.state === 'finished');
  const detail = await stage.operator.detail(id);
  expect(countedOnce(detail)).toBe(true);
  expect(
    detail.rounds.map(({ number, attempt, state, submissions }) => [number, attempt, state, submissions.length]),
  ).toEqual([
    [1, 1, 'committed', 2],
    [2, 1, 'committed', 2],
  ]);
});
