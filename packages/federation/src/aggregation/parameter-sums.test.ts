import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProtocolError } from '@perfit/protocol';
import { Mask, seededRandom } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { besideProject, needsFile } from '../../../../testing/needs.ts';
import { aggregate, checkDelta, deltaNorm, ParameterSums, weightOf } from '../index.ts';

interface Submission {
  readonly mask: Mask;
  readonly delta: Float32Array;
  readonly weight: number;
}

/** A global theta and up to eight submissions, with positions that nobody owns. */
function arbitraryFederation(): fc.Arbitrary<{ global: Float32Array; submissions: Submission[] }> {
  const shape = fc.record({ size: fc.integer({ min: 1, max: 200 }), clients: fc.integer({ min: 0, max: 8 }) });
  return fc.tuple(shape, fc.nat()).map(([{ size, clients }, seed]) => {
    const random = seededRandom(seed);
    const number = () => 4 * random() - 2;
    const submissions = Array.from({ length: clients }, () => {
      const density = random();
      const mask = Mask.from(size, () => random() < density);
      return { mask, delta: Float32Array.from({ length: mask.kept }, number), weight: 1 + Math.floor(1000 * random()) };
    });
    return { global: Float32Array.from({ length: size }, number), submissions };
  });
}

/** PF6 as it is written, position by position. */
function naiveAggregate(global: Float32Array, submissions: readonly Submission[]): Float32Array {
  return global.map((value, p) => {
    const owners = submissions.filter(({ mask }) => mask.has(p));
    const weight = owners.reduce((sum, owner) => sum + owner.weight, 0);
    const weighted = owners.reduce((sum, { mask, delta, weight: w }) => sum + w * (mask.unpack(delta)[p] as number), 0);
    return weight === 0 ? value : value + weighted / weight;
  });
}

function expectClose(actual: Float32Array, expected: Float32Array, tolerance = 1e-6): void {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((most, value, p) => Math.max(most, Math.abs(value - (expected[p] as number))), 0);
  expect(worst).toBeLessThanOrEqual(tolerance);
}

function sumsOf(size: number, submissions: readonly Submission[]): ParameterSums {
  const sums = new ParameterSums(size);
  for (const { mask, delta, weight } of submissions) sums.add(mask, delta, weight);
  return sums;
}

describe('parameter sums', () => {
  it('[PF6] averages every position over its owners, by weight', () => {
    fc.assert(
      fc.property(arbitraryFederation(), ({ global, submissions }) => {
        expectClose(aggregate(global, submissions), naiveAggregate(global, submissions));
      }),
    );
  });

  it('[PF6] leaves a parameter that nobody owns as it was, and the old theta too', () => {
    fc.assert(
      fc.property(arbitraryFederation(), ({ global, submissions }) => {
        const before = global.slice();
        const next = aggregate(global, submissions);
        expect(global).toEqual(before);
        for (let p = 0; p < global.length; p++) {
          if (!submissions.some(({ mask }) => mask.has(p))) expect(next[p]).toBe(global[p]);
        }
      }),
    );
  });

  it('[PF6] does not depend on the order in which submissions arrive', () => {
    fc.assert(
      fc.property(arbitraryFederation(), fc.nat(), ({ global, submissions }, turn) => {
        const at = turn % (submissions.length + 1);
        const turned = [...submissions.slice(at), ...submissions.slice(0, at)].reverse();
        expectClose(aggregate(global, turned), aggregate(global, submissions));
      }),
    );
  });

  it('[PF6] merges partial sums of several processes as if one had seen everything', () => {
    fc.assert(
      fc.property(arbitraryFederation(), fc.nat(), ({ global, submissions }, cut) => {
        const at = cut % (submissions.length + 1);
        const merged = sumsOf(global.length, submissions.slice(0, at));
        merged.merge(sumsOf(global.length, submissions.slice(at)));
        expectClose(merged.apply(global), aggregate(global, submissions));
      }),
    );
  });

  it('[UP3] does not hand out an aggregate that is not finite', () => {
    const mask = Mask.full(2);
    const sums = sumsOf(2, [{ mask, delta: Float32Array.of(0, 3e38), weight: 1 }]);
    expect(() => sums.apply(Float32Array.of(0, 3e38))).toThrow(
      expect.objectContaining({ name: 'ProtocolError', code: 'delta-not-finite', data: { position: 1 } }),
    );
  });

  it('[PF6] takes a submission that owns nothing', () => {
    const global = Float32Array.of(1, 2, 3);
    expect(aggregate(global, [{ mask: Mask.empty(3), delta: new Float32Array(0), weight: 5 }])).toEqual(global);
  });

  it('refuses what cannot be added', () => {
    const sums = new ParameterSums(4);
    expect(() => sums.add(Mask.full(5), new Float32Array(5), 1)).toThrow(RangeError);
    expect(() => sums.add(Mask.full(4), new Float32Array(3), 1)).toThrow(RangeError);
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => sums.add(Mask.full(4), new Float32Array(4), weight)).toThrow(RangeError);
    }
    expect(() => sums.merge(new ParameterSums(3))).toThrow(RangeError);
    expect(() => sums.apply(new Float32Array(3))).toThrow(RangeError);
  });

  const fixtures = [
    {
      name: 'perfit-nano',
      file: join(import.meta.dirname, '../../../../models/perfit-nano/fixture/tensors.safetensors'),
    },
    { name: 'tinystories-656k', file: besideProject('fixtures/tinystories-656k/tensors.safetensors') },
  ];
  for (const { name, file } of fixtures) {
    it(`[PF6] agrees with PyTorch's numbers (${name})`, needsFile(file), () => {
      const tensor = readSafetensors(readFileSync(file));
      const submissions = [120, 30, 250].map((weight, i) => {
        const flags = tensor(`agg.mask${i}`);
        const mask = Mask.from(flags.length, (p) => flags[p] === 1);
        return { mask, delta: mask.pack(tensor(`agg.delta${i}`)), weight };
      });
      expect(submissions.map(({ mask }) => mask.kept).every((kept) => kept > 100)).toBe(true);
      expectClose(aggregate(tensor('agg.global'), submissions), tensor('agg.result'), 1e-6);
    });
  }
});

describe('checks of a delta', () => {
  it('[UP3] refuses a submission for one number that is not finite', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const check = () => checkDelta(Float32Array.of(0, bad, 1), { maxNorm: 10 });
      expect(check).toThrow(expect.objectContaining({ code: 'delta-not-finite', data: { index: 1 } }));
    }
  });

  it('[UP3] refuses a norm above the bound, and takes one at it', () => {
    const delta = Float32Array.of(3, -4);
    expect(checkDelta(delta, { maxNorm: 5 })).toBe(5);
    expect(() => checkDelta(delta, { maxNorm: 4.999 })).toThrow(ProtocolError);
    expect(() => checkDelta(delta, { maxNorm: 4.999 })).toThrow(expect.objectContaining({ code: 'delta-norm' }));
    // The squares of these overflow single precision, the sum does not double precision.
    expect(deltaNorm(Float32Array.of(3e30, 4e30))).toBeCloseTo(5e30, -24);
  });

  it('[PF6] caps the weight that a client reports for itself', () => {
    expect(weightOf(7, { by: 'examples', cap: 1000 })).toBe(7);
    expect(weightOf(1e9, { by: 'examples', cap: 1000 })).toBe(1000);
    expect(weightOf(1e9, { by: 'uniform', cap: 1000 })).toBe(1);
  });
});

/** F32 tensors only. */
function readSafetensors(file: Buffer): (name: string) => Float32Array {
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  return (name) => {
    const [start, end] = (header[name] as { data_offsets: [number, number] }).data_offsets;
    const bytes = Uint8Array.from(file.subarray(8 + headerLength + start, 8 + headerLength + end));
    return new Float32Array(bytes.buffer);
  };
}
