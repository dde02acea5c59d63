import type { MaskAtlas } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { sampleDetail } from '../../../test/samples.ts';
import { expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { MaskAtlasView } from './mask-atlas.tsx';

const ATLAS = 'GET /api/admin/federations/bakers/atlas';
const none: MaskAtlas = {
  smallestGroup: 3,
  masks: 0,
  layers: 2,
  modules: ['q_proj', 'v_proj'],
  groups: [],
  overlap: [],
};
const density = [
  [0.1, 0.4],
  [0.2, 0.3],
];
const atlas: MaskAtlas = {
  ...none,
  masks: 7,
  groups: [
    { clients: 4, density },
    { clients: 3, density },
  ],
  overlap: [
    [0.6, 0.2],
    [0.2, 0.5],
  ],
};

describe('MaskAtlasView', () => {
  it('looks, and then shows which groups there are, and what each owns', async () => {
    const looking = later<MaskAtlas>();
    playCoordinator({ [ATLAS]: () => looking.answer });
    await show(<MaskAtlasView detail={sampleDetail()} />);
    await expect.element(page.getByRole('table')).not.toBeInTheDocument();
    looking.give(atlas);
    const overlap = page.getByRole('table', { name: 'Overlap of the masks, by group' });
    await expect.element(overlap.getByRole('row', { name: 'Group A, 4 clients 60 20' })).toBeVisible();
    const first = page.getByRole('table', { name: 'Mask density by layer and module: Group A, 4 clients' });
    await expect.element(first.getByRole('row', { name: 'layer 2 20 30' })).toBeVisible();
    await expectAccessible();
  });

  it.each([
    [{ masks: 0 }, 'Appears once 3 people have masks, so that nobody is singled out. None yet.'],
    [{ masks: 2 }, 'Appears once 3 people have masks, so that nobody is singled out. 2 so far.'],
    [{ smallestGroup: 1 }, 'Appears once 1 person has a mask. None yet.'],
  ])('says that there are too few masks: %o', async (changes, words) => {
    playCoordinator({ [ATLAS]: () => ({ ...none, ...changes }) });
    await show(<MaskAtlasView detail={sampleDetail()} />);
    await see(words);
  });

  it('says where it could not look', async () => {
    playCoordinator({ [ATLAS]: () => refusal('internal', 'The disk is full.', 500) });
    await show(<MaskAtlasView detail={sampleDetail()} />);
    await seeFailure('That didn’t work', 'The disk is full.');
  });
});
