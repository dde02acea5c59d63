import { type FederationConfigInput, federationConfigSchema } from '@perfit/protocol';
import { initialTheta, type Layout, Mask, type ModelDimensions } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { type GlobalState, layoutOf, openAggregation, positionsOf, ranksOf, robustProblem } from '../src/index.ts';

/** q_proj from two features to one: with R = 2, theta is A₀ = (θ₀ θ₁), A₁ = (θ₂ θ₃), B = (θ₄ θ₅). Six parameters. */
const dimensions: ModelDimensions = { layers: 1, width: 2, queryWidth: 1, keyValueWidth: 1, feedForwardWidth: 1 };

interface Submission {
  readonly mask: Mask;
  /** θ_i that the client has tuned, [6]. */
  readonly tuned: readonly number[];
  readonly weight: number;
}

function configOf(strategy: string, more: Partial<FederationConfigInput> = {}) {
  const lora = { rank: 1, expansion: 2, targets: ['q_proj'] };
  return federationConfigSchema.parse({ name: 'A test', model: 'none', strategy, lora, ...more });
}

type Config = ReturnType<typeof configOf>;

function nextState(config: Config, global: GlobalState, submissions: readonly Submission[], round = 1): GlobalState {
  const aggregation = openAggregation({ config, layout: layoutOf(config, dimensions), round, global });
  for (const { mask, tuned, weight } of submissions) {
    const received = mask.pack(global.theta);
    const delta = mask.pack(Float32Array.from(tuned)).map((value, i) => value - (received[i] as number));
    aggregation.add(mask, delta, weight);
  }
  return aggregation.apply();
}

const stateOf = (...theta: number[]): GlobalState => ({ theta: Float32Array.from(theta), moments: null, owners: null });
const owning = (...positions: number[]) => Mask.from(6, (p) => positions.includes(p));
const everything = Mask.full(6);

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [p, value] of expected.entries()) expect(actual[p]).toBeCloseTo(value, 5);
}

describe('three clients, six parameters, by hand', () => {
  it('[PF6] PerFIT, PF6 of the design: θ_g + Σ w m Δ / Σ w m, and what nobody owns stays', () => {
    const { theta } = nextState(configOf('perfit'), stateOf(1, 1, 1, 1, 1, 1), [
      { mask: owning(0, 1, 4), tuned: [2, 3, 0, 0, 5, 0], weight: 1 },
      { mask: owning(1, 2, 4), tuned: [0, 9, 7, 0, 2, 0], weight: 3 },
      { mask: owning(4), tuned: [0, 0, 0, 0, -3, 0], weight: 4 },
    ]);
    // θ₁: (1·3 + 3·9) / 4; θ₄: (1·5 + 3·2 − 4·3) / 8.
    expectClose(theta, [2, 7.5, 7, 1, -0.125, 1]);
  });

  it.each([undefined, { mean: 'median' as const, minimumOwners: 2 }])(
    '[PF6] leaves a position with fewer owners than asked for as it was (robust: %o)',
    (robust) => {
      const weighting = { by: 'uniform' as const, minOwners: 2 };
      const config = configOf('perfit', { weighting, ...(robust ? { robust } : {}), search: { prior: 1 } });
      const { theta, owners } = nextState(config, stateOf(1, 1, 1, 1, 1, 1), [
        { mask: owning(0, 1, 4), tuned: [2, 3, 0, 0, 5, 0], weight: 1 },
        { mask: owning(1, 2, 4), tuned: [0, 9, 7, 0, 2, 0], weight: 1 },
        { mask: owning(4), tuned: [0, 0, 0, 0, 2, 0], weight: 1 },
      ]);
      expectClose(theta, [1, 6, 1, 1, robust ? 2 : 3, 1]);
      // How many own it is still told.
      expectClose(owners as Float32Array, [1 / 3, 2 / 3, 1 / 3, 0, 1, 0]);
    },
  );

  it('refuses to leave positions of few owners where products are averaged', () => {
    const config = configOf('flexlora', { weighting: { minOwners: 3 } });
    expect(robustProblem(config, 6)).toBe(
      'FlexLoRA does not average position by position: it cannot leave those of few owners as they were.',
    );
    expect(robustProblem(configOf('perfit', { weighting: { minOwners: 3 } }), 6)).toBe(null);
  });

  it('FedIT (arXiv 2305.05644): the mean of A and of B, weighted by n_i', () => {
    const config = configOf('fedit', { lora: { rank: 2, targets: ['q_proj'] } });
    const { theta } = nextState(config, stateOf(0, 0, 0, 0, 0, 0), [
      { mask: everything, tuned: [1, 2, 3, 4, 5, 6], weight: 1 },
      { mask: everything, tuned: [2, 2, 2, 2, 2, 2], weight: 2 },
      { mask: everything, tuned: [0, 4, 8, 0, 4, 8], weight: 1 },
    ]);
    expectClose(theta, [1.25, 2.5, 3.75, 2, 3.25, 4.5]);
  });

  it('FFA-LoRA shares B alone, FedSA-LoRA A alone, FedDPA the first half of the ranks (their papers above the strategies)', () => {
    const lora = { rank: 2, targets: ['q_proj' as const] };
    const shared: [string, (layout: Layout) => Mask, number[]][] = [
      ['ffa', (layout) => positionsOf(layout, 'B'), [1, 1, 1, 1, 3, 3]],
      ['fedsa', (layout) => positionsOf(layout, 'A'), [3, 3, 3, 3, 1, 1]],
      ['feddpa', (layout) => ranksOf(layout, 0, 1), [3, 3, 1, 1, 3, 1]],
    ];
    for (const [strategy, maskOf, expected] of shared) {
      const config = configOf(strategy, { lora });
      // FFA's rank fits as many numbers into B: two are enough here.
      const layout = layoutOf(configOf('fedit', { lora }), dimensions);
      const mask = maskOf(layout);
      const tuned = (value: number) => Array.from({ length: 6 }, () => value);
      const space = { config, layout, round: 1, global: stateOf(1, 1, 1, 1, 1, 1) };
      const aggregation = openAggregation(space);
      for (const value of [2, 3, 4]) {
        aggregation.add(
          mask,
          mask.pack(Float32Array.from(tuned(value))).map((x) => x - 1),
          1,
        );
      }
      expectClose(aggregation.apply().theta, expected);
    }
  });

  it('HetLoRA, sparsity-weighted aggregation (arXiv 2401.06432): zeros for missing ranks, weights ‖B_iA_i‖_F', () => {
    const { theta } = nextState(configOf('hetlora'), stateOf(1, 1, 1, 1, 1, 1), [
      // Rank 1: BA = (3 4), norm 5.
      { mask: owning(0, 1, 4), tuned: [3, 4, 0, 0, 1, 0], weight: 100 },
      // BA = 0·(1 0) + 1·(0 1), norm 1.
      { mask: everything, tuned: [1, 0, 0, 1, 0, 1], weight: 1 },
      // BA = 2·(0 2) + 5·(0 0), norm 4.
      { mask: everything, tuned: [0, 2, 0, 0, 2, 5], weight: 7 },
    ]);
    expectClose(theta, [1.6, 2.8, 0, 0.1, 1.3, 2.1]);
  });

  it('HetLoRA leaves everything where no product differs from zero', () => {
    const before = stateOf(1, 2, 3, 4, 0, 0);
    const idle = { mask: everything, tuned: [9, 9, 9, 9, 0, 0], weight: 1 };
    expectClose(nextState(configOf('hetlora'), before, [idle]).theta, [1, 2, 3, 4, 0, 0]);
  });

  it('FLoRA, stacking (arXiv 2409.05976): what was, and Σ w B_iA_i / Σ w more; then a fresh module', () => {
    const config = configOf('flora');
    const layout = layoutOf(config, dimensions);
    // The stack is rank 0: 2·(1 1). The fresh module is rank 1.
    const before = stateOf(1, 1, 0.5, 0.5, 2, 0);
    const fresh = owning(2, 3, 5);
    const submissions = [
      { mask: fresh, tuned: [0, 0, 1, 0, 0, 2], weight: 1 },
      { mask: fresh, tuned: [0, 0, 0, 1, 0, 3], weight: 2 },
      { mask: fresh, tuned: [0, 0, 1, 1, 0, 1], weight: 1 },
    ];
    const { theta } = nextState(config, before, submissions, 4);
    expect(layout.size).toBe(6);
    // (2 2) + (1·(2 0) + 2·(0 3) + 1·(1 1)) / 4 = (2.75 3.75), with the identity on the side of one feature.
    expectClose(theta.slice(0, 2), [2.75, 3.75]);
    expect(theta[4]).toBe(1);
    expect(theta[5]).toBe(0);
    const again = nextState(config, before, submissions, 5).theta;
    expect([again[2], again[3]]).not.toEqual([theta[2], theta[3]]);
    for (const value of [theta[2], theta[3]]) expect(Math.abs(value as number)).toBeLessThan(1 / Math.sqrt(2));
  });

  it('FLoRA starts from what the seed gives: a stack whose B is zero adds nothing', () => {
    const config = configOf('flora');
    const theta = initialTheta(layoutOf(config, dimensions), config.seed);
    const tuned = Array.from(theta);
    tuned[5] = 2;
    const next = nextState(config, { theta, moments: null, owners: null }, [
      { mask: owning(2, 3, 5), tuned, weight: 3 },
    ]);
    expectClose(next.theta.slice(0, 2), [2 * (theta[2] as number), 2 * (theta[3] as number)]);
  });

  it('FlexLoRA (arXiv 2402.11505): the mean of the products, taken apart by singular values', () => {
    const { theta } = nextState(configOf('flexlora'), stateOf(1, 1, 1, 1, 0, 0), [
      // (6 0), (0 8) and, from two ranks, (3 4): the mean with the weights 1, 1, 2 is (3 4).
      { mask: owning(0, 1, 4), tuned: [3, 0, 0, 0, 2, 0], weight: 1 },
      { mask: owning(0, 1, 4), tuned: [0, 4, 0, 0, 2, 0], weight: 1 },
      { mask: everything, tuned: [3, 0, 0, 4, 1, 1], weight: 2 },
    ]);
    const [a0, a1, , , b0, b1] = Array.from(theta) as [number, number, number, number, number, number];
    expect(Math.abs(b0)).toBeCloseTo(5, 5);
    expect([b0 * a0, b0 * a1].map((value) => Math.round(1e5 * value) / 1e5)).toEqual([3, 4]);
    expect(b1).toBe(0);
  });

  it('FlexLoRA keeps A where nobody has learned anything yet', () => {
    const before = stateOf(1, 2, 3, 4, 0, 0);
    const idle = { mask: everything, tuned: [1, 2, 3, 4, 0, 0], weight: 1 };
    expectClose(nextState(configOf('flexlora'), before, [idle]).theta, [1, 2, 3, 4, 0, 0]);
  });

  it('FedAvgM (arXiv 1909.06335), on owned coordinates', () => {
    const config = configOf('perfit', { server: { optimizer: 'momentum', learningRate: 0.5, beta1: 0.9 } });
    const first = nextState(config, stateOf(0, 0, 0, 0, 0, 0), [
      { mask: owning(0, 1), tuned: [2, 4, 0, 0, 0, 0], weight: 1 },
      { mask: owning(0), tuned: [4, 0, 0, 0, 0, 0], weight: 1 },
      { mask: owning(5), tuned: [0, 0, 0, 0, 0, -2], weight: 1 },
    ]);
    expectClose(first.theta, [1.5, 2, 0, 0, 0, -1]);
    // θ₀ moves by ½(0.9·3 + 1); θ₁ has no owner now, and keeps value and momentum.
    const second = nextState(config, first, [{ mask: owning(0), tuned: [2.5, 0, 0, 0, 0, 0], weight: 1 }], 2);
    expectClose(second.theta, [3.35, 2, 0, 0, 0, -1]);
    expectClose(second.moments?.first as Float32Array, [3.7, 4, 0, 0, 0, -2]);
  });

  it('FedAdam, algorithm 2 of arXiv 2003.00295, on owned coordinates', () => {
    const server = { optimizer: 'adam' as const, learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0.001 };
    const config = configOf('fedit', { lora: { rank: 2, targets: ['q_proj'] }, server });
    const { theta, moments } = nextState(config, stateOf(0, 0, 0, 0, 0, 0), [
      { mask: owning(0, 3), tuned: [1, 0, 0, 3, 0, 0], weight: 1 },
      { mask: owning(0), tuned: [3, 0, 0, 0, 0, 0], weight: 1 },
      { mask: owning(0), tuned: [2, 0, 0, 0, 0, 0], weight: 2 },
    ]);
    // Δ₀ = 2: m = 0.2, v = 0.04, a step of 0.1·0.2 / (0.2 + 0.001); Δ₃ = 3: m = 0.3, v = 0.09.
    expectClose(theta, [0.02 / 0.201, 0, 0, 0.03 / 0.301, 0, 0]);
    expectClose(moments?.second as Float32Array, [0.04, 0, 0, 0.09, 0, 0]);
  });

  it('[PF3] counts by position how many submissions own it, each alike, where searches have a prior', () => {
    const submissions = [
      { mask: owning(0, 1, 4), tuned: [2, 3, 0, 0, 5, 0], weight: 1 },
      { mask: owning(1, 2, 4), tuned: [0, 9, 7, 0, 2, 0], weight: 30 },
      { mask: owning(4), tuned: [0, 0, 0, 0, -3, 0], weight: 400 },
      { mask: owning(4, 5), tuned: [0, 0, 0, 0, 1, 1], weight: 2 },
    ];
    const before = { ...stateOf(1, 1, 1, 1, 1, 1), owners: Float32Array.of(1, 1, 1, 1, 1, 1) };
    const next = nextState(configOf('perfit', { search: { prior: 2 } }), before, submissions);
    expect(Array.from(next.owners as Float32Array)).toEqual([0.25, 0.5, 0.25, 0, 1, 0.25]);
    // It is no part of the sum that it comes with.
    expect(next.theta).toEqual(nextState(configOf('perfit'), before, submissions).theta);
    for (const search of [{}, { prior: 0 }]) {
      expect(nextState(configOf('perfit', { search }), before, submissions).owners).toBeNull();
    }
    expect(nextState(configOf('hetlora', { search: { prior: 2 } }), before, submissions).owners).toBeNull();
  });

  it('[PF3] has no owners anywhere after a round without submissions', () => {
    const { owners } = nextState(configOf('perfit', { search: { prior: 1 } }), stateOf(1, 1, 1, 1, 1, 1), []);
    expect(owners).toEqual(new Float32Array(6));
  });

  it.each(['perfit', 'fedit', 'hetlora', 'flora', 'flexlora'])('%s: nobody submitted, so nothing moves', (strategy) => {
    const config = configOf(strategy);
    const { size } = layoutOf(config, dimensions);
    const before = { theta: Float32Array.from({ length: size }, (_, p) => p + 1), moments: null, owners: null };
    const { theta } = nextState(config, before, []);
    expect(theta).toEqual(before.theta);
    expect(theta).not.toBe(before.theta);
  });

  it.each(['perfit', 'hetlora', 'flora', 'flexlora'])('[UP3] %s refuses to commit what is not finite', (strategy) => {
    const config = configOf(strategy);
    const huge = stateOf(3e38, 3e38, 3e38, 3e38, 3e38, 3e38);
    const mask = strategy === 'flora' ? owning(2, 3, 5) : everything;
    const aggregation = openAggregation({ config, layout: layoutOf(config, dimensions), round: 1, global: huge });
    aggregation.add(
      mask,
      Float32Array.from({ length: mask.kept }, () => 3e38),
      1,
    );
    expect(() => aggregation.apply()).toThrow(expect.objectContaining({ code: 'delta-not-finite' }));
  });
});
