import { type FederationConfigInput, federationConfigSchema } from '@perfit/protocol';
import { Mask, type ModelDimensions, seededRandom } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, trimmedMean, trimOf, weightedMean } from '../src/aggregation/column-means.ts';
import { type GlobalState, layoutOf, openAggregation, robustProblem } from '../src/index.ts';

const dimensions: ModelDimensions = { layers: 2, width: 24, queryWidth: 24, keyValueWidth: 8, feedForwardWidth: 40 };

interface Submission {
  readonly mask: Mask;
  /** Packed, [mask.kept]. */
  readonly delta: Float32Array;
  readonly weight: number;
}

interface Federation {
  readonly global: GlobalState;
  readonly submissions: readonly Submission[];
}

type Robust = NonNullable<FederationConfigInput['robust']>;

function configOf(robust: Robust | undefined, more: Partial<FederationConfigInput> = {}) {
  const lora = { rank: 2, expansion: 2, targets: ['q_proj' as const, 'down_proj' as const] };
  return federationConfigSchema.parse({ name: 'A test', model: 'none', lora, ...(robust && { robust }), ...more });
}

/** More than one block of positions, each with any number of owners, and equal values among them. */
const size = layoutOf(configOf(undefined), dimensions).size;

function arbitraryFederation(clients: fc.Arbitrary<number> = fc.integer({ min: 0, max: 9 })): fc.Arbitrary<Federation> {
  return fc.tuple(clients, fc.nat()).map(([count, seed]) => {
    const random = seededRandom(seed);
    const number = () => Math.round(16 * random() - 8) / 4;
    const submissions = Array.from({ length: count }, () => {
      const density = 0.3 + 0.7 * random();
      const mask = Mask.from(size, () => random() < density);
      return { mask, delta: Float32Array.from({ length: mask.kept }, number), weight: 1 + Math.floor(1000 * random()) };
    });
    return { global: { theta: Float32Array.from({ length: size }, number), moments: null, owners: null }, submissions };
  });
}

function thetaOf({ global, submissions }: Federation, config: ReturnType<typeof configOf>): Float32Array {
  const aggregation = openAggregation({ config, layout: layoutOf(config, dimensions), round: 1, global });
  for (const { mask, delta, weight } of submissions) aggregation.add(mask, delta, weight);
  return aggregation.apply().theta;
}

/** The smallest and the largest value that some of the owners sent for each position; none where nobody owns it. */
function extremes(submissions: readonly Submission[]): ({ low: number; high: number; owners: number } | null)[] {
  const unpacked = submissions.map(({ mask, delta }) => ({ mask, values: mask.unpack(delta) }));
  return Array.from({ length: size }, (_, p) => {
    const values = unpacked.filter(({ mask }) => mask.has(p)).map(({ values: all }) => all[p] as number);
    if (values.length === 0) return null;
    return { low: Math.min(...values), high: Math.max(...values), owners: values.length };
  });
}

function positions(isMeant: (p: number) => boolean): number[] {
  return Array.from({ length: size }, (_, p) => p).filter(isMeant);
}

function isOutside(value: number, [low, high]: readonly [number, number]): boolean {
  return value < low || value > high;
}

const means: { name: string; robust: Robust }[] = [
  { name: 'trimmed mean', robust: { mean: 'trimmed', trim: 0.2, minimumOwners: 3 } },
  { name: 'median', robust: { mean: 'median', minimumOwners: 3 } },
];

describe.each(means)('the $name', ({ robust }) => {
  const config = configOf(robust);

  it('[PF6b] does not depend on the order in which submissions arrive', () => {
    fc.assert(
      fc.property(arbitraryFederation(), fc.nat(), (federation, turn) => {
        const { submissions } = federation;
        const at = turn % (submissions.length + 1);
        const turned = [...submissions.slice(at), ...submissions.slice(0, at)].reverse();
        const [one, other] = [thetaOf(federation, config), thetaOf({ ...federation, submissions: turned }, config)];
        expect(positions((p) => Math.abs((one[p] as number) - (other[p] as number)) > 1e-5)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('[PF6b] lies between what the owners sent, and leaves a parameter that nobody owns as it was', () => {
    fc.assert(
      fc.property(arbitraryFederation(), (federation) => {
        const theta = thetaOf(federation, config);
        const sent = extremes(federation.submissions);
        const beyond = positions((p) => {
          const before = federation.global.theta[p] as number;
          const { low, high } = sent[p] ?? { low: 0, high: 0 };
          return isOutside(theta[p] as number, [Math.fround(before + low), Math.fround(before + high)]);
        });
        expect(beyond).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('[PF6b] one attacker of five cannot move it beyond what the honest ones sent; the weighted mean it can', () => {
    const attack = fc.record({
      federation: arbitraryFederation(fc.constant(4)),
      value: fc.constantFrom(-1e6, -3, 0, 3, 1e6),
      place: fc.nat({ max: 4 }),
    });
    let isWeightedMoved = false;
    fc.assert(
      fc.property(attack, ({ federation: { global, submissions }, value, place }) => {
        const honest = submissions.map((one) => {
          const mask = Mask.full(size);
          return { ...one, mask, delta: one.mask.unpack(one.delta) };
        });
        const attacker = { mask: Mask.full(size), delta: new Float32Array(size).fill(value), weight: 1000 };
        const all = [...honest.slice(0, place), attacker, ...honest.slice(place)];
        const theta = thetaOf({ global, submissions: all }, config);
        const weighted = thetaOf({ global, submissions: all }, configOf(undefined));
        const sent = extremes(honest);
        const moved = (of: Float32Array) =>
          positions((p) => {
            const before = global.theta[p] as number;
            const { low, high } = sent[p] as { low: number; high: number };
            return isOutside(of[p] as number, [Math.fround(before + low), Math.fround(before + high)]);
          });
        expect(moved(theta)).toEqual([]);
        isWeightedMoved ||= moved(weighted).length > 0;
      }),
      { numRuns: 40 },
    );
    expect(isWeightedMoved).toBe(true);
  });

  it('[PF6b] takes the weighted mean, to the bit, where there are too few owners', () => {
    fc.assert(
      fc.property(arbitraryFederation(), (federation) => {
        const theta = thetaOf(federation, configOf({ ...robust, minimumOwners: 6 }));
        const plain = thetaOf(federation, configOf(undefined));
        const sent = extremes(federation.submissions);
        expect(positions((p) => (sent[p]?.owners ?? 0) < 6 && theta[p] !== plain[p])).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('is the same in steps, which end', () => {
    fc.assert(
      fc.property(arbitraryFederation(), ({ global, submissions }) => {
        const aggregation = openAggregation({ config, layout: layoutOf(config, dimensions), round: 1, global });
        for (const { mask, delta, weight } of submissions) aggregation.add(mask, delta, weight);
        const steps = aggregation.applyInSteps?.();
        let taken = 0;
        let step = steps?.next();
        for (; step && !step.done; step = steps?.next()) taken++;
        expect(taken).toBe(Math.ceil(size / 1024));
        expect(step?.value).toEqual(aggregation.apply());
      }),
      { numRuns: 10 },
    );
  });
});

/** Without a shortcut: the middle values, of equal ones at an edge any. */
function naiveTrimmed(values: readonly number[], share: number): number {
  const cut = trimOf(share, values.length);
  const kept = [...values].sort((a, b) => a - b).slice(cut, values.length - cut);
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

const column = (values: readonly number[], weights: readonly number[] = values.map(() => 1)) => ({
  values: Float32Array.from(values),
  weights: Float64Array.from(weights),
});
const quarters = fc.array(
  fc.integer({ min: -12, max: 12 }).map((n) => n / 4),
  { minLength: 1, maxLength: 30 },
);

describe('means of one position', () => {
  it('[PF6b] by hand: the weight of the largest and the smallest value does not count, equal ones share', () => {
    expect(trimmedMean(column([9, 1, 2, 4, -50], [1000, 1, 1, 2, 1000]), 0.2)).toBe(11 / 4);
    // Of three zeros one goes: each keeps two thirds of its weight. (2/3·(1 + 1 + 4)·0 + 1·6) / (2/3·6 + 1)
    expect(trimmedMean(column([0, 6, 0, 7, 0], [1, 1, 1, 9, 4]), 0.2)).toBeCloseTo(6 / 5, 12);
    expect(median(column([3, -1, 100], [1, 1, 1e6]))).toBe(3);
    expect(median(column([3, -1, 100, 5]))).toBe(4);
  });

  it('[PF6b] trims as its definition says, and with 0 is the weighted mean', () => {
    fc.assert(
      fc.property(quarters, fc.constantFrom(0, 0.1, 0.2, 0.3, 0.49), fc.nat(), (values, share, seed) => {
        expect(trimmedMean(column(values), share)).toBeCloseTo(naiveTrimmed(values, share), 9);
        const random = seededRandom(seed);
        const weighted = column(
          values,
          values.map(() => 1 + Math.floor(1000 * random())),
        );
        expect(trimmedMean(weighted, 0)).toBeCloseTo(weightedMean(weighted), 9);
      }),
    );
  });

  it('[PF6b] cuts as many as a person would count', () => {
    expect([trimOf(0.2, 5), trimOf(0.2, 4), trimOf(0.29, 100), trimOf(0.1, 30), trimOf(0.49, 2)]).toEqual([
      1, 0, 29, 3, 0,
    ]);
  });
});

describe('clipping', () => {
  it('[PF6b] shortens a delta to the norm and turns it nowhere else, for every strategy', () => {
    const lora = { rank: 2, expansion: 2, targets: ['q_proj' as const] };
    const config = configOf({ clipNorm: 2 }, { lora });
    const theta = new Float32Array(layoutOf(config, dimensions).size);
    const delta = new Float32Array(theta.length);
    delta.set([3, 4]);
    const global = { theta, moments: null, owners: null };
    const submission = { mask: Mask.full(theta.length), delta, weight: 1 };
    const next = thetaOf({ global, submissions: [submission] }, config);
    expect(next[0]).toBeCloseTo(1.2, 6);
    expect(next[1]).toBeCloseTo(1.6, 6);
    expect(delta.slice(0, 2)).toEqual(Float32Array.of(3, 4));
    const loose = thetaOf({ global, submissions: [submission] }, configOf({ clipNorm: 5 }, { lora }));
    expect(loose.slice(0, 2)).toEqual(Float32Array.of(3, 4));
    for (const strategy of ['hetlora', 'flexlora', 'flora'] as const) {
      const clip = configOf({ clipNorm: 1 }, { lora, strategy });
      const layout = layoutOf(clip, dimensions);
      const before = { theta: new Float32Array(layout.size).fill(0.1), moments: null, owners: null };
      const far = new Float32Array(layout.size).fill(1);
      const long = Math.sqrt(layout.size);
      const whole = { mask: Mask.full(layout.size), weight: 1 };
      const one = (config: ReturnType<typeof configOf>, values: Float32Array) => {
        const aggregation = openAggregation({ config, layout, round: 1, global: before });
        aggregation.add(whole.mask, values, whole.weight);
        return aggregation.apply().theta;
      };
      expect(one(clip, far)).toEqual(
        one(
          configOf(undefined, { lora, strategy }),
          far.map((x) => x / long),
        ),
      );
    }
  });
});

describe('what cannot be averaged so', () => {
  it('[PF6b] a strategy that does not average by position, and more than memory holds', () => {
    const median = { mean: 'median' as const };
    expect(robustProblem(configOf(median, { strategy: 'hetlora' }), 100)).toMatch(/has no median of a position/);
    expect(robustProblem(configOf(median, { schedule: { goal: 1000 } }), 2_000_000)).toMatch(/a goal of at most 268/);
    expect(robustProblem(configOf(median), 2_000_000)).toBeNull();
    expect(robustProblem(configOf({ clipNorm: 1 }, { strategy: 'hetlora' }), 100)).toBeNull();
    const config = configOf(median, { strategy: 'flora' });
    const layout = layoutOf(config, dimensions);
    const global = { theta: new Float32Array(layout.size), moments: null, owners: null };
    expect(() => openAggregation({ config, layout, round: 1, global })).toThrow(RangeError);
  });
});
