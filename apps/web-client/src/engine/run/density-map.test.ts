import { buildLayout, Mask } from '@perfit/protocol/space';
import { expect, it } from 'vitest';
import { densityMap } from './density-map.ts';

const layout = buildLayout(
  { layers: 2, width: 4, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 8 },
  { rank: 2, alpha: 4, targets: ['q_proj', 'up_proj'] },
);

it('counts A and B of a layer together', () => {
  // Layer 0's q_proj is A [2, 4] and B [4, 2]: positions 0 to 15. Three of A and one of B are kept.
  const mask = Mask.from(layout.size, (p) => p < 3 || p === 15);
  expect(densityMap(layout, mask)).toEqual([
    { layer: 0, module: 'q_proj', density: 4 / 16 },
    { layer: 0, module: 'up_proj', density: 0 },
    { layer: 1, module: 'q_proj', density: 0 },
    { layer: 1, module: 'up_proj', density: 0 },
  ]);
});

it('weighs with the mask: the cells together are its density', () => {
  const mask = Mask.from(layout.size, (p) => p % 3 === 0);
  const sizes = new Map<string, number>();
  for (const { layer, projection, size } of layout.tensors) {
    const key = `${layer} ${projection}`;
    sizes.set(key, (sizes.get(key) ?? 0) + size);
  }
  const kept = densityMap(layout, mask).map((cell) => cell.density * (sizes.get(`${cell.layer} ${cell.module}`) ?? 0));
  expect(kept.reduce((a, b) => a + b)).toBeCloseTo(mask.kept, 6);
});
