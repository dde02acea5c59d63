import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { sampleRoundState, sampleSession } from '../../../test/samples.ts';
import { expectAccessible, see, seeFact, seeNot, show } from '../../../test/stage.tsx';
import type { SessionState } from '../../contract/session/session-state.ts';
import { MaskSection, MoreFigures, RoundFigures } from './session-charts.tsx';

const adapted = { layers: 2, modules: ['q_proj', 'v_proj'] };
const densityMap = [0.1, 0.4, 0.2, 0.3].map((density, i) => ({
  layer: i >> 1,
  module: adapted.modules[i % 2] as string,
  density,
}));
const charts = (changes: Partial<SessionState> = {}) => {
  const session = sampleSession(changes);
  return (
    <>
      <RoundFigures session={session} />
      <MoreFigures session={session} />
      <MaskSection session={session} />
    </>
  );
};
const more = () => page.getByText('More figures').click();
const mask = () => page.getByRole('table', { name: 'Share you own, by layer and module' });

describe('session charts', () => {
  it('keeps a place for a round’s figures, folds the others, and has no card of a mask that is not found', async () => {
    await show(charts());
    await see('Figures appear with the first round', 'Your personal model comes with the first tuning.');
    await seeNot('How it learns', 'Your mask');
    await more();
    await see('How it learns');
    await seeFact('Examples', '–');
    await expect.element(mask()).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('draws what there is, in words as well', async () => {
    const rounds = [
      sampleRoundState({ outcome: 'committed', received: 120, tuned: 92.4, bytesUp: 20_000, bytesDown: 40_000 }),
    ];
    const losses = [3.2, 2.4].map((loss) => ({ round: 1, part: 'tuning' as const, loss }));
    const examples = { training: 72, heldOut: 20 };
    await show(
      charts({ rounds, losses, examples, basePerplexity: 160, backend: 'webgpu', bytesUp: 20_000, bytesDown: 40_000 }),
    );
    await expect
      .element(page.getByRole('img', { name: /Base 160; after round 1, received 120, tuned 92\.4\./ }))
      .toBeVisible();
    await more();
    await expect.element(page.getByRole('img', { name: /^Training loss over 2 steps: 3\.20 .* 2\.40/ })).toBeVisible();
    await expect.element(page.getByRole('img', { name: /20 kB sent and 40 kB received in total/ })).toBeVisible();
    await seeFact('Examples', /72\s+and 20 held out/);
    await seeFact('Runs on', 'WebGPU');
    await expectAccessible();
  });

  it('has the figures of a chart as a table for whoever opens it', async () => {
    const rounds = [sampleRoundState({ outcome: 'committed', received: 120, tuned: 92.4 })];
    await show(charts({ rounds, basePerplexity: 160 }));
    await page.getByText('Table view').first().click();
    const table = page.getByRole('region', { name: 'Table view' }).first();
    await expect.element(table.getByRole('columnheader', { name: 'tuned' })).toBeVisible();
    await expect.element(table.getByRole('cell', { name: '92.4' })).toBeVisible();
  });

  it('shows how much a search chose, and where', async () => {
    await show(charts({ kept: 10_000, size: 40_000, adapted, densityMap }));
    await seeFact('Parameters you own', /10,000 of 40,000\s+25 %/);
    await expect.element(mask().getByRole('row', { name: 'layer 1 10 40' })).toBeVisible();
    await expect.element(mask().getByRole('row', { name: 'layer 2 20 30' })).toBeVisible();
    await see('The share of each module’s adapter parameters that you own, in percent.');
    await expectAccessible();
  });

  it('says where every module has the same', async () => {
    const even = densityMap.map((cell) => ({ ...cell, density: 0.25 }));
    await show(charts({ kept: 10_000, size: 40_000, adapted, densityMap: even }));
    await see(/^The share is the same for every module/);
  });
});
