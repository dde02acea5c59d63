import { buildLayout, Mask, maskOverlap } from '@perfit/protocol/space';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { groupBySimilarity, maskAtlas, moduleDensities } from './mask-atlas.ts';

const dimensions = { layers: 2, width: 6, queryWidth: 6, keyValueWidth: 3, feedForwardWidth: 10 };
const layout = buildLayout(dimensions, { rank: 3, alpha: 8, targets: ['q_proj', 'v_proj'] });

function atlasOf(masks: readonly Mask[], smallestGroup?: number) {
  return maskAtlas({
    layout,
    overlaps: masks.map((a) => masks.map((b) => maskOverlap(a, b))),
    densities: masks.map((mask) => moduleDensities(mask, layout)),
    smallestGroup,
  });
}

it('counts what a mask keeps in each module as a plain loop does', () => {
  const lengths = { minLength: layout.size, maxLength: layout.size };
  fc.assert(
    fc.property(fc.array(fc.boolean(), lengths), (kept) => {
      const mask = Mask.from(layout.size, (p) => kept[p] === true);
      const modules = [...new Set(layout.tensors.map(({ module }) => module))];
      const expected = modules.map((name) => {
        const positions = layout.tensors
          .filter(({ module }) => module === name)
          .flatMap(({ offset, size }) => Array.from({ length: size }, (_, i) => offset + i));
        return positions.filter((p) => kept[p]).length / positions.length;
      });
      expect(moduleDensities(mask, layout)).toEqual(expected);
    }),
  );
});

it('puts everybody into one group, each of the smallest size or more, whatever the overlaps', () => {
  const shares = fc.integer({ min: 0, max: 20 }).chain((count) =>
    fc.tuple(
      fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: count, maxLength: count }), {
        minLength: count,
        maxLength: count,
      }),
      fc.integer({ min: 2, max: 6 }),
    ),
  );
  fc.assert(
    fc.property(shares, ([overlaps, smallest]) => {
      const groups = groupBySimilarity(overlaps, smallest);
      for (const group of groups) expect(group.length).toBeGreaterThanOrEqual(smallest);
      const grouped = groups.flat().sort((a, b) => a - b);
      expect(grouped).toEqual(overlaps.length < smallest ? [] : overlaps.map((_, i) => i));
    }),
  );
});

it('finds two kinds of masks, and says their densities and overlaps as means of three', () => {
  const half = Math.floor(layout.size / 2);
  const lower = Mask.from(layout.size, (p) => p < half);
  const upper = Mask.from(layout.size, (p) => p >= half);
  const atlas = atlasOf([lower, upper, lower, upper, upper, lower]);
  expect(atlas.groups.map(({ clients }) => clients)).toEqual([3, 3]);
  expect(atlas.overlap).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(atlas.groups[0]?.density[0]).toEqual([1, 1]);
  expect(atlas.groups[1]?.density[0]).toEqual([0, 0]);
});

it('shows single masks where a federation has it so, each like itself', () => {
  const [most, least] = [0.75, 0.25].map((share) => Mask.from(layout.size, (p) => p < share * layout.size));
  const { groups, overlap } = atlasOf([most as Mask, least as Mask], 1);
  expect(groups.map(({ clients }) => clients)).toEqual([1, 1]);
  expect([overlap[0]?.[0], overlap[1]?.[1]]).toEqual([1, 1]);
  expect(overlap[0]?.[1]).toBeCloseTo(1 / 3, 1);
});

it('says nothing but their number where the masks are fewer than the smallest group', () => {
  const mask = Mask.full(layout.size);
  expect(atlasOf([mask, mask])).toMatchObject({ smallestGroup: 3, masks: 2, groups: [], overlap: [] });
  expect(atlasOf([mask, mask, mask], 4)).toMatchObject({ masks: 3, groups: [], overlap: [] });
  expect(atlasOf([mask, mask], 2).groups).toHaveLength(1);
});
