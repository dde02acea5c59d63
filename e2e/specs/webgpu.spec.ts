import { join } from 'node:path';
import { expect, test, until } from './stage.ts';
import { writeTinyModel } from './tiny-model.ts';

test('WebGPU and WASM find the same mask and the same personal model, within float noise', async ({
  stage,
  browser,
}) => {
  test.setTimeout(300_000);
  writeTinyModel(join(stage.models, 'tiny'), join(stage.models, 'perfit-nano'));
  const [dataset] = stage.texts(1, 16) as [string];
  const sessions = [];
  for (const backend of ['wasm', 'webgpu'] as const) {
    const { joinUrl } = await stage.federation({
      model: 'tiny',
      schedule: { rounds: 2, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 280 },
    });
    const tab = await stage.open(browser, { name: backend, joinUrl, dataset, backend });
    await tab.start();
    await until(`${backend} is through`, async () => (await tab.status()).state === 'finished', { within: 280_000 });
    sessions.push(await tab.session());
    expect(tab.errors).toEqual([]);
  }
  const [wasm, webgpu] = sessions as [(typeof sessions)[0], (typeof sessions)[0]];
  expect([wasm.backend, webgpu.backend]).toEqual(['wasm', 'webgpu']);
  expect(webgpu.kept).toBe(wasm.kept);
  for (const [i, round] of wasm.rounds.entries()) {
    const other = webgpu.rounds[i]?.perplexity;
    for (const of of ['base', 'received', 'tuned'] as const) {
      const [mine, its] = [round.perplexity[of] as number, other?.[of] as number];
      expect(Math.abs(its - mine) / mine, `round ${round.number}, ${of}: ${mine} and ${its}`).toBeLessThan(1e-3);
    }
  }
});
