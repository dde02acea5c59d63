import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildLayout,
  describeLayout,
  initialTheta,
  type Layout,
  layoutHash,
  Mask,
  type ModelDimensions,
  maskOverlap,
  PROJECTIONS,
  seededRandom,
  shuffled,
  tensorSlice,
} from '../src/space/index.ts';
import { arbitraryMask } from './arbitraries.ts';

const width = fc.integer({ min: 1, max: 9 });
const arbitraryDimensions: fc.Arbitrary<ModelDimensions> = fc.record({
  layers: fc.integer({ min: 1, max: 4 }),
  width,
  queryWidth: width,
  keyValueWidth: width,
  feedForwardWidth: width,
});
function arbitraryLayout(): fc.Arbitrary<Layout> {
  const space = fc.record({
    rank: fc.integer({ min: 1, max: 5 }),
    alpha: fc.constantFrom(1, 16, 0.5),
    targets: fc.uniqueArray(fc.constantFrom(...PROJECTIONS), { minLength: 1 }),
  });
  return fc.tuple(arbitraryDimensions, space).map(([dimensions, lora]) => buildLayout(dimensions, lora));
}

describe('layout', () => {
  it('[PF1] fills theta without a gap: layers, projections in order, A before B', () => {
    fc.assert(
      fc.property(arbitraryLayout(), (layout) => {
        let offset = 0;
        for (const tensor of layout.tensors) {
          expect(tensor.offset).toBe(offset);
          expect(tensor.size).toBe(tensor.rows * tensor.columns);
          expect(tensor.matrix === 'A' ? tensor.rows : tensor.columns).toBe(layout.rank);
          offset += tensor.size;
        }
        expect(layout.size).toBe(offset);
        const order = layout.tensors.map(
          ({ layer, projection, matrix }) =>
            100 * layer + 2 * PROJECTIONS.indexOf(projection) + (matrix === 'B' ? 1 : 0),
        );
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(new Set(order).size).toBe(order.length);
      }),
    );
  });

  it('[PF1] does not depend on the order in which targets are named', async () => {
    const dimensions = { layers: 1, width: 3, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 5 };
    const hash = (targets: readonly (typeof PROJECTIONS)[number][]) =>
      layoutHash(buildLayout(dimensions, { rank: 2, alpha: 16, targets }));
    expect(await hash(['v_proj', 'q_proj'])).toBe(await hash(['q_proj', 'v_proj']));
    expect(await hash(['v_proj', 'q_proj'])).not.toBe(await hash(['q_proj', 'k_proj']));
  });

  it('[PF1] gives each matrix the widths of its projection', () => {
    const dimensions = { layers: 1, width: 3, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 5 };
    expect(describeLayout(buildLayout(dimensions, { rank: 6, alpha: 0.5, targets: PROJECTIONS })).split('\n')).toEqual([
      'perfit-layout 1',
      'alpha 0.5',
      'layers.0.q_proj.A 6x3',
      'layers.0.q_proj.B 4x6',
      'layers.0.k_proj.A 6x3',
      'layers.0.k_proj.B 2x6',
      'layers.0.v_proj.A 6x3',
      'layers.0.v_proj.B 2x6',
      'layers.0.o_proj.A 6x4',
      'layers.0.o_proj.B 3x6',
      'layers.0.gate_proj.A 6x3',
      'layers.0.gate_proj.B 5x6',
      'layers.0.up_proj.A 6x3',
      'layers.0.up_proj.B 5x6',
      'layers.0.down_proj.A 6x5',
      'layers.0.down_proj.B 3x6',
    ]);
  });
});

describe('initial theta', () => {
  it('[PF1] is zero in B and Kaiming-uniform in A, the same for the same seed', () => {
    fc.assert(
      fc.property(arbitraryLayout(), fc.nat(0xffffffff), (layout, seed) => {
        const theta = initialTheta(layout, seed);
        expect(initialTheta(layout, seed)).toEqual(theta);
        for (const tensor of layout.tensors) {
          const values = tensorSlice(theta, tensor);
          const bound = tensor.matrix === 'B' ? 0 : Math.fround(1 / Math.sqrt(tensor.columns));
          expect(values.every((value) => Math.abs(value) <= bound)).toBe(true);
        }
      }),
    );
  });

  it('[PF1] spreads evenly over its bounds', () => {
    const dimensions = { layers: 1, width: 400, queryWidth: 1, keyValueWidth: 1, feedForwardWidth: 1 };
    const layout = buildLayout(dimensions, { rank: 50, alpha: 16, targets: ['q_proj'] });
    const values = [...initialTheta(layout, 5).subarray(0, 20_000)].map((value) => value * 20);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.01);
    expect(initialTheta(layout, 6)).not.toEqual(initialTheta(layout, 5));
  });
});

describe('mask', () => {
  /** The same set as an array of booleans, by `has` alone. */
  const flags = (mask: Mask) => Array.from({ length: mask.size }, (_, p) => mask.has(p));

  it('knows its positions, their number and its density', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 100 }), (kept) => {
        const mask = Mask.from(kept.length, (p) => kept[p] === true);
        const expected = kept.flatMap((isKept, p) => (isKept ? [p] : []));
        expect(flags(mask)).toEqual(kept);
        expect([...mask.positions()]).toEqual(expected);
        expect(mask.kept).toBe(expected.length);
        expect(mask.density).toBe(expected.length / kept.length);
        expect(Mask.fromBytes(mask.size, mask.bytes).equals(mask)).toBe(true);
      }),
    );
  });

  it('packs and unpacks: what is kept comes back, the rest is zero or what was there', () => {
    fc.assert(
      fc.property(arbitraryMask(300), fc.nat(), (mask, seed) => {
        const random = seededRandom(seed);
        const values = Float32Array.from({ length: mask.size }, () => 1 + random());
        const rest = Float32Array.from({ length: mask.size }, () => -1 - random());
        const packed = mask.pack(values);
        expect([...packed]).toEqual([...mask.positions()].map((p) => values[p]));
        expect(mask.unpack(packed)).toEqual(mask.apply(values));
        expect(mask.pack(mask.unpack(packed))).toEqual(packed);
        const before = rest.slice();
        const merged = mask.unpack(packed, rest);
        expect(rest).toEqual(before);
        flags(mask).forEach((isKept, p) => {
          expect(mask.apply(values)[p]).toBe(isKept ? values[p] : 0);
          expect(merged[p]).toBe(isKept ? values[p] : rest[p]);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('intersects and overlaps as sets do', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 90 }), (pairs) => {
        const a = Mask.from(pairs.length, (p) => pairs[p]?.[0] === true);
        const b = Mask.from(pairs.length, (p) => pairs[p]?.[1] === true);
        expect(flags(a.intersection(b))).toEqual(pairs.map(([x, y]) => x && y));
        const both = pairs.filter(([x, y]) => x && y).length;
        const either = pairs.filter(([x, y]) => x || y).length;
        expect(maskOverlap(a, b)).toBe(either === 0 ? 1 : both / either);
        expect(a.equals(b)).toBe(pairs.every(([x, y]) => x === y));
      }),
    );
  });

  it('has full and empty as its extremes, for every size', () => {
    for (let size = 1; size <= 33; size++) {
      expect(Mask.full(size).equals(Mask.from(size, () => true))).toBe(true);
      expect(Mask.full(size).kept).toBe(size);
      expect(Mask.empty(size).kept).toBe(0);
    }
    expect(Mask.empty(0).density).toBe(0);
  });

  it('refuses bytes and values that do not fit', () => {
    expect(() => Mask.fromBytes(9, Uint8Array.of(0))).toThrow(RangeError);
    expect(() => Mask.fromBytes(9, Uint8Array.of(0, 2))).toThrow(RangeError);
    const mask = Mask.from(9, (p) => p < 4);
    expect(() => mask.pack(new Float32Array(8))).toThrow(RangeError);
    expect(() => mask.apply(new Float32Array(10))).toThrow(RangeError);
    expect(() => mask.unpack(new Float32Array(5))).toThrow(RangeError);
    expect(() => mask.unpack(new Float32Array(4), new Float32Array(8))).toThrow(RangeError);
    expect(() => mask.intersection(Mask.full(10))).toThrow(RangeError);
  });

  it('does not change with the bytes that it was made of', () => {
    const bytes = Uint8Array.of(1);
    const mask = Mask.fromBytes(8, bytes);
    bytes[0] = 2;
    expect([...mask.positions()]).toEqual([0]);
  });
});

describe('seeded randomness', () => {
  it('shuffles to a permutation, the same for the same seed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.nat(), (items, seed) => {
        const once = shuffled(items, seededRandom(seed));
        expect(shuffled(items, seededRandom(seed))).toEqual(once);
        expect([...once].sort()).toEqual([...items].sort());
      }),
    );
  });
});
