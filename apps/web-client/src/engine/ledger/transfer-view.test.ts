import { encodeMask, encodeValues, maskHash, wireDtypes } from '@perfit/protocol';
import { buildLayout, layoutHash, Mask, seededRandom } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { viewMask, viewValues } from './transfer-view.ts';

const dimensions = { layers: 2, width: 6, queryWidth: 6, keyValueWidth: 4, feedForwardWidth: 10 };
const layout = buildLayout(dimensions, { rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] });
const random = seededRandom(7);
const mask = Mask.from(layout.size, (p) => p % 3 === 0);
const delta = Float32Array.from({ length: mask.kept }, () => 0.01 * (random() - 0.5));
const norm = (values: Iterable<number>) => Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0));

describe('the readable view of what was sent', () => {
  it.each(wireDtypes)(
    '[DC2] tells of a delta in %s which modules changed, how many values and how far',
    async (dtype) => {
      const owner = { layoutHash: await layoutHash(layout), maskHash: await maskHash(mask) };
      const bytes = encodeValues(delta, dtype, owner);
      const view = await viewValues(bytes, { layout, masks: [Mask.empty(layout.size), mask] });
      expect(view).toMatchObject({ dtype, count: mask.kept, size: layout.size });
      expect(view.norm).toBeCloseTo(norm(delta), 3);
      expect(view.largest).toBeCloseTo(Math.max(...delta.map(Math.abs)), 4);
      expect(view.histogram?.counts.reduce((sum, count) => sum + count, 0)).toBe(mask.kept);
      expect(view.histogram?.from).toBe(-(view.histogram?.to ?? 0));

      const whole = mask.unpack(delta);
      expect(view.modules.map(({ layer, module }) => `${layer} ${module}`)).toEqual([
        '0 q_proj',
        '0 down_proj',
        '1 q_proj',
        '1 down_proj',
      ]);
      for (const module of view.modules) {
        const tensors = layout.tensors.filter((t) => t.layer === module.layer && t.projection === module.module);
        const positions = tensors.flatMap(({ offset, size }) => Array.from({ length: size }, (_, i) => offset + i));
        expect(module.size).toBe(positions.length);
        expect(module.count).toBe(positions.filter((p) => mask.has(p)).length);
        expect(module.norm).toBeCloseTo(norm(positions.map((p) => whole[p] as number)), 3);
      }
    },
  );

  it('[DC2] tells what it can where the mask or the layout is not known here', async () => {
    const owner = { layoutHash: await layoutHash(layout), maskHash: await maskHash(mask) };
    const bytes = encodeValues(delta, 'f32', owner);
    for (const space of [
      { layout, masks: [] },
      { layout: null, masks: [mask] },
    ]) {
      const view = await viewValues(bytes, space);
      expect(view.modules).toEqual([]);
      expect(view.norm).toBeCloseTo(norm(delta), 6);
    }
    await expect(viewValues(bytes.subarray(0, 90), { layout, masks: [mask] })).rejects.toMatchObject({
      code: 'codec-truncated',
    });
  });

  it('[DC2] counts values beyond its reach in the outer bars, and none of what is not finite', async () => {
    const owner = { layoutHash: await layoutHash(layout), maskHash: await maskHash(Mask.full(layout.size)) };
    const few = new Float32Array(layout.size);
    few[3] = 5;
    few[4] = -5;
    const { histogram } = await viewValues(encodeValues(few, 'f32', owner), { layout, masks: [] });
    expect([histogram?.counts[0], histogram?.counts[20], histogram?.counts[40]]).toEqual([1, layout.size - 2, 1]);
    few[5] = Number.NaN;
    const broken = await viewValues(encodeValues(few, 'f32', owner), { layout, masks: [] });
    expect([broken.norm, broken.histogram]).toEqual([Number.NaN, null]);
  });

  it('[DC1] tells of a mask how much of each module it keeps', async () => {
    const bytes = await encodeMask(mask, await layoutHash(layout));
    const view = await viewMask(bytes, { layout, masks: [] });
    expect(view).toMatchObject({ dtype: null, count: mask.kept, size: layout.size, norm: null, histogram: null });
    expect(view.modules.reduce((sum, { count }) => sum + count, 0)).toBe(mask.kept);
    expect((await viewMask(bytes, { layout: null, masks: [] })).modules).toEqual([]);
  });
});
