import { federationConfigSchema, ProtocolError, strategyNames } from '@perfit/protocol';
import { initialTheta, type Layout, Mask, type ModelDimensions, seededRandom } from '@perfit/protocol/space';
import { expectSame } from '@perfit/testkit';
import { describe, expect, it } from 'vitest';
import {
  budgetOf,
  checkExchangedMask,
  densityOf,
  givenMask,
  isSearchDue,
  knownStrategies,
  layoutOf,
  openAggregation,
  positionsOf,
  ranksOf,
  registerStrategy,
  type Strategy,
  strategyKit,
  strategyOf,
} from '../src/index.ts';

/** A layer of perfit-nano's, four times narrower. */
const dimensions: ModelDimensions = {
  layers: 1,
  width: 32,
  queryWidth: 32,
  keyValueWidth: 16,
  feedForwardWidth: 96,
};
const configOf = (strategy: string, more: object = {}) =>
  federationConfigSchema.parse({ name: 'A test', model: 'perfit-nano', strategy, ...more });
type Config = ReturnType<typeof configOf>;

/** What a client of this strategy would own; a search is stood in for by a lot. */
function ownedBy(config: Config, layout: Layout, density = densityOf(config)): Mask {
  const given = givenMask(strategyOf(config.strategy).mask({ config, round: 1 }), layout, density);
  if (given) return given;
  const random = seededRandom(7);
  const order = Array.from({ length: layout.size }, (_, p) => ({ p, score: random() })).sort(
    (a, b) => a.score - b.score,
  );
  const kept = new Set(order.slice(0, budgetOf(layout.size, density)).map(({ p }) => p));
  return Mask.from(layout.size, (p) => kept.has(p));
}

function randomTheta(size: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: size }, () => 2 * random() - 1);
}

/** Of the three that are the default: a strategy may change on the way. */
const ROUNDS = [1, 2, 3];
const isSubset = (part: Mask, whole: Mask) => part.intersection(whole).equals(part);
const feditCount = layoutOf(configOf('fedit'), dimensions).size;

describe.each(strategyNames)('strategy %s', (name) => {
  const config = configOf(name);
  const strategy = strategyOf(name);
  const layout = layoutOf(config, dimensions);
  const owned = ownedBy(config, layout);
  const exchanged = strategy.exchanged(layout, owned, { config, round: 1 });

  it('is known by its name, and says what it is in one sentence', () => {
    expect(strategy.name).toBe(name);
    expect(strategy.title).toMatch(/\S/);
    expect(strategy.description).toMatch(/^[A-Z][^\n]*[.)]$/);
  });

  it('[PF1] trains only what its space says', () => {
    const { rank, trains } = strategy.space(config.lora, dimensions);
    expect(layout.rank).toBe(rank);
    expect(isSubset(owned, positionsOf(layout, trains))).toBe(true);
  });

  it('[PF2] tunes about as many numbers as FedIT, by default', () => {
    expect(owned.kept / feditCount).toBeGreaterThan(0.97);
    expect(owned.kept / feditCount).toBeLessThan(1.03);
  });

  it('[PF5] exchanges nothing that the client does not own', () => {
    for (const round of ROUNDS) {
      expect(isSubset(strategy.exchanged(layout, owned, { config, round }), owned)).toBe(true);
    }
  });

  it('[PF2] lets the coordinator accept its own mask and refuse a greedier one', () => {
    const by = { config, density: densityOf(config), round: 1 };
    expect(() => checkExchangedMask(exchanged, layout, by)).not.toThrow();
    const greedy = exchanged.kept === layout.size ? Mask.empty(layout.size) : Mask.full(layout.size);
    expect(() => checkExchangedMask(greedy, layout, by)).toThrow(ProtocolError);
    expect(() => checkExchangedMask(greedy, layout, by)).toThrow(expect.objectContaining({ code: 'mask-density' }));
  });

  describe.each(['owned', 'all'] as const)('receive: %s', (receive) => {
    const global = randomTheta(layout.size, 3);
    const received = receive === 'all' ? global : exchanged.apply(global);
    const from = { config: { ...config, receive }, round: 1, layout, owned, received, warm: null };

    it.each(ROUNDS)('[PF7] starts from what was received, wherever it exchanges: round %i', (round) => {
      const exchanged = strategy.exchanged(layout, owned, { config, round });
      const received = receive === 'all' ? global : exchanged.apply(global);
      const from = { config: { ...config, receive }, round, layout, owned, received, warm: null };
      for (const previous of [null, randomTheta(layout.size, 4)]) {
        const before = { received: received.slice(), previous: previous?.slice() };
        const start = strategy.start({ ...from, previous });
        expect(start.length).toBe(layout.size);
        // What it exchanges FedALT keeps of its own: what came stands beside it, and is tested by itself.
        if (name !== 'fedalt') expectSame(exchanged.pack(start), exchanged.pack(global));
        expectSame(received, before.received);
        if (previous) expectSame(previous, before.previous as Float32Array);
      }
    });

    it('hands out a theta of its own', () => {
      const previous = randomTheta(layout.size, 4);
      const start = strategy.start({ ...from, previous });
      expect(start).not.toBe(received);
      expect(start).not.toBe(previous);
    });

    it('[PF1] starts the first round from what everybody derives from the seed', () => {
      const theta = initialTheta(layout, config.seed);
      const first = { ...from, received: receive === 'all' ? theta : exchanged.apply(theta), previous: null };
      const start = strategy.start(first);
      expectSame(owned.pack(start), owned.pack(theta));
    });
  });
});

describe('what tells the strategies apart', () => {
  it('[PF7] perfit receives only what it owns, or all of it', () => {
    const config = configOf('perfit');
    const layout = layoutOf(config, dimensions);
    const owned = ownedBy(config, layout);
    const global = randomTheta(layout.size, 3);
    const previous = randomTheta(layout.size, 4);
    const from = { round: 2, layout, owned, previous, warm: null };
    const { start } = strategyOf('perfit');
    expectSame(start({ ...from, config, received: owned.apply(global) }), owned.apply(global));
    expectSame(start({ ...from, config: { ...config, receive: 'all' }, received: global }), global);
  });

  it('[PF3] the ablations differ from perfit in their scores alone', () => {
    const settings = (name: string) => strategyOf(configOf(name).strategy).mask({ config: configOf(name), round: 1 });
    expect(settings('perfit')).toMatchObject({ kind: 'search', settings: { score: 'taylor' } });
    expect(settings('sub-fedavg')).toMatchObject({ kind: 'search', settings: { score: 'magnitude' } });
    expect(settings('random-mask')).toMatchObject({ kind: 'search', settings: { score: 'random', warmupEpochs: 0 } });
  });

  it('local exchanges nothing and goes on from its own', () => {
    const config = configOf('local');
    const layout = layoutOf(config, dimensions);
    const owned = ownedBy(config, layout);
    expect(strategyOf('local').exchanged(layout, owned, { config, round: 1 }).kept).toBe(0);
    const previous = randomTheta(layout.size, 4);
    const received = new Float32Array(layout.size);
    expectSame(
      strategyOf('local').start({ config, round: 2, layout, owned, received, previous, warm: null }),
      previous,
    );
  });

  it('fedit+ft is FedIT, and in the last rounds goes on from its own and shares nothing', () => {
    const aloneOf = (rounds: number, localRounds?: number) => {
      const config = configOf('fedit+ft', {
        schedule: { rounds, ...(localRounds === undefined ? {} : { localRounds }) },
      });
      const layout = layoutOf(config, dimensions);
      const owned = ownedBy(config, layout);
      const previous = randomTheta(layout.size, 4);
      const global = randomTheta(layout.size, 3);
      const isAlone = (round: number) => {
        const exchanged = strategyOf('fedit+ft').exchanged(layout, owned, { config, round });
        const from = { config, round, layout, owned, previous, received: exchanged.apply(global), warm: null };
        expectSame(strategyOf('fedit+ft').start(from), exchanged.kept === 0 ? previous : global);
        expect(exchanged.kept === 0 || exchanged.kept === layout.size).toBe(true);
        const by = { config, density: 1, round };
        expect(() => checkExchangedMask(exchanged, layout, by)).not.toThrow();
        return exchanged.kept === 0;
      };
      return Array.from({ length: rounds }, (_, i) => i + 1).filter(isAlone);
    };
    expect(aloneOf(1)).toEqual([1]);
    expect(aloneOf(3)).toEqual([3]);
    expect(aloneOf(6)).toEqual([5, 6]);
    expect(aloneOf(6, 3)).toEqual([4, 5, 6]);
    expect(aloneOf(4, 0)).toEqual([]);
  });

  it('ffa leaves A as the seed made it; fedsa keeps its own B', () => {
    for (const [name, personal] of [['ffa', 'A'] as const, ['fedsa', 'B'] as const]) {
      const config = configOf(name, { receive: 'all' });
      const layout = layoutOf(config, dimensions);
      const owned = ownedBy(config, layout);
      const previous = randomTheta(layout.size, 4);
      const received = randomTheta(layout.size, 3);
      const start = strategyOf(name).start({ config, round: 2, layout, owned, received, previous, warm: null });
      const expected = name === 'ffa' ? initialTheta(layout, config.seed) : previous;
      const own = positionsOf(layout, personal);
      expectSame(own.pack(start), own.pack(expected));
    }
  });

  it('[PF2] offers the density of the federation, or less where a client wants less', () => {
    expect(densityOf(configOf('perfit'))).toBe(0.5);
    expect(densityOf(configOf('perfit', { lora: { expansion: 4 } }))).toBe(0.25);
    expect(densityOf(configOf('perfit', { search: { density: 0.3 } }))).toBe(0.3);
    expect(densityOf(configOf('perfit'), { maxDensity: 0.1 })).toBe(0.1);
    expect(densityOf(configOf('perfit'), { maxDensity: 0.9 })).toBe(0.5);
    expect(densityOf(configOf('fedit'), { maxDensity: 0.1 })).toBe(1);
  });

  it('[PF2] offers slow devices less, the least of what applies to them', () => {
    const slowDevices = [
      { below: 1000, density: 0.3 },
      { below: 100, density: 0.1 },
    ];
    const config = configOf('perfit', { search: { slowDevices } });
    const offered = [undefined, 5000, 1000, 999, 99].map((tokensPerSecond) => densityOf(config, { tokensPerSecond }));
    expect(offered).toEqual([0.5, 0.5, 0.5, 0.3, 0.1]);
    expect(densityOf(config, { tokensPerSecond: 999, maxDensity: 0.2 })).toBe(0.2);
  });

  it('[PF2] holds a mask to the budget that was offered, give or take one position a tensor', () => {
    const config = configOf('perfit');
    const layout = layoutOf(config, dimensions);
    const budget = budgetOf(layout.size, 0.25) + layout.tensors.length;
    const by = { config, density: 0.25, round: 1 };
    expect(() =>
      checkExchangedMask(
        Mask.from(layout.size, (p) => p < budget),
        layout,
        by,
      ),
    ).not.toThrow();
    expect(() =>
      checkExchangedMask(
        Mask.from(layout.size, (p) => p <= budget),
        layout,
        by,
      ),
    ).toThrow(ProtocolError);
  });
});

describe('[PF2] methods whose clients have ranks of their own', () => {
  it.each(['hetlora', 'flexlora'])('%s: a client owns as many of the first ranks as its budget has', (name) => {
    const config = configOf(name, { lora: { rank: 8, expansion: 4 } });
    const layout = layoutOf(config, dimensions);
    expect(layout.rank).toBe(32);
    // The scale is FedIT's, α/r, whatever rank the space has.
    expect(layout.alpha / layout.rank).toBe(16 / 8);
    const source = strategyOf(config.strategy).mask({ config, round: 1 });
    for (const [density, rank] of [
      [0.25, 8],
      [0.5, 16],
      [1, 32],
      [0.001, 1],
    ] as const) {
      const mask = givenMask(source, layout, density) as Mask;
      expect(mask.equals(ranksOf(layout, 0, rank))).toBe(true);
      expect(mask.kept).toBe((layout.size * rank) / 32);
      expect(() => checkExchangedMask(mask, layout, { config, density, round: 1 })).not.toThrow();
      const other = ranksOf(layout, rank === 32 ? 1 : rank, 32);
      const refused = () => checkExchangedMask(other, layout, { config, density, round: 1 });
      expect(refused).toThrow(expect.objectContaining({ code: 'mask-density' }));
    }
  });

  it('feddpa shares one half of the ranks and keeps the other as it was', () => {
    const config = configOf('feddpa');
    const layout = layoutOf(config, dimensions);
    const owned = ownedBy(config, layout);
    const previous = randomTheta(layout.size, 4);
    const received = randomTheta(layout.size, 3);
    const shared = ranksOf(layout, 0, 4);
    const own = ranksOf(layout, 4, 8);
    expect(strategyOf('feddpa').exchanged(layout, owned, { config, round: 2 }).equals(shared)).toBe(true);
    const from = { config, round: 2, layout, owned, previous, received: shared.apply(received), warm: null };
    const start = strategyOf('feddpa').start(from);
    expectSame(shared.pack(start), shared.pack(received));
    expectSame(own.pack(start), own.pack(previous));
  });

  it('flora receives everything, and tunes and sends a fresh module of rank r', () => {
    const config = configOf('flora');
    const layout = layoutOf(config, dimensions);
    const owned = ownedBy(config, layout);
    expect(layout.rank).toBe(32 + 8);
    expect(strategyOf('flora').receive(config)).toBe('all');
    expect(owned.equals(ranksOf(layout, 32, 40))).toBe(true);
  });

  it('fedprox pulls by what the federation says, or by 0.01', () => {
    const pullOf = (name: string, proximal: number) => {
      const config = configOf(name, { tuning: { proximal } });
      return (strategyOf(config.strategy).tuning?.(config) ?? config.tuning).proximal;
    };
    expect(pullOf('fedprox', 0)).toBe(0.01);
    expect(pullOf('fedprox', 0.5)).toBe(0.5);
    expect(pullOf('perfit', 0)).toBe(0);
    expect(pullOf('perfit', 0.3)).toBe(0.3);
  });
});

describe('what PerFIT may do otherwise', () => {
  const startOf = (more: object, from: { previous?: Float32Array; warm?: Float32Array; round?: number }) => {
    const config = configOf('perfit', more);
    const layout = layoutOf(config, dimensions);
    const owned = ownedBy(config, layout);
    const received = owned.apply(randomTheta(layout.size, 3));
    const { round = 2, previous = null, warm = null } = from;
    const start = strategyOf('perfit').start({ config, round, layout, owned, received, previous, warm });
    return { start, owned, received, layout };
  };
  const size = layoutOf(configOf('perfit'), dimensions).size;
  const warm = randomTheta(size, 8);
  const previous = randomTheta(size, 9);

  it('[PF3] rewinds to what was received, or keeps what the warm-up learned where the mask keeps it', () => {
    const rewound = startOf({}, { warm, previous });
    expectSame(rewound.start, rewound.received);
    const { start, owned } = startOf({ search: { rewind: false } }, { warm, previous });
    expectSame(start, owned.apply(warm));
  });

  it('[PF7] starts between what came and what the client had', () => {
    const { start, owned, received } = startOf({ personal: { keep: 0.25 } }, { previous });
    const theirs = owned.pack(received);
    const own = owned.pack(previous);
    const mixed = theirs.map((value, i) => 0.25 * (own[i] as number) + 0.75 * value);
    for (const [i, value] of owned.pack(start).entries()) expect(value).toBeCloseTo(mixed[i] as number, 6);
  });

  it('[PF7] tunes on alone in the last rounds, where the schedule says so', () => {
    const config = configOf('perfit', { schedule: { rounds: 5, localRounds: 2 } });
    const layout = layoutOf(config, dimensions);
    const owned = ownedBy(config, layout);
    const keptIn = (round: number) => strategyOf('perfit').exchanged(layout, owned, { config, round }).kept;
    expect([1, 2, 3, 4, 5].map(keptIn)).toEqual([owned.kept, owned.kept, owned.kept, 0, 0]);
    // Whoever asks what comes after the last round: where there are no such rounds, the average.
    const never = configOf('perfit', { schedule: { rounds: 5 } });
    expect(strategyOf('perfit').exchanged(layout, owned, { config: never, round: 6 }).kept).toBe(owned.kept);
    const { start } = startOf({ schedule: { rounds: 5, localRounds: 2 } }, { previous, round: 4 });
    expectSame(start, previous);
    const by = { config, density: 0.5, round: 4 };
    expect(() => checkExchangedMask(Mask.empty(layout.size), layout, by)).not.toThrow();
    expect(() => checkExchangedMask(owned, layout, by)).toThrow(ProtocolError);
  });

  it('[PF3] tunes the same ranks in shared rounds, and searches in the first after them and every M from there', () => {
    const config = configOf('perfit', { search: { sharedRounds: 2, everyRounds: 3 } });
    const kindIn = (round: number) => strategyOf('perfit').mask({ config, round }).kind;
    expect([1, 2, 3, 4].map(kindIn)).toEqual(['ranks', 'ranks', 'search', 'search']);
    const dueIn = (by: Config) => Array.from({ length: 9 }, (_, i) => i + 1).filter((round) => isSearchDue(by, round));
    expect(dueIn(config)).toEqual([3, 6, 9]);
    expect(dueIn(configOf('perfit', { search: { sharedRounds: 2 } }))).toEqual([3]);
    expect(dueIn(configOf('perfit', { search: { everyRounds: 4 } }))).toEqual([5, 9]);
    expect(dueIn(configOf('perfit'))).toEqual([]);
  });
});

it('fedalt tunes a LoRA of its own beside the mean of everybody’s, which is frozen', () => {
  const config = configOf('fedalt');
  const layout = layoutOf(config, dimensions);
  const half = layout.rank / 2;
  const own = ranksOf(layout, half, layout.rank);
  const strategy = strategyOf('fedalt');
  const source = strategy.mask({ config, round: 2 });
  expect(source.kind === 'whole' && source.positions(layout).equals(own)).toBe(true);
  const random = seededRandom(4);
  const theta = () => Float32Array.from({ length: layout.size }, () => random());
  const [previous, mean] = [theta(), theta()];
  const received = own.apply(mean);
  const start = strategy.start({ config, round: 2, layout, owned: own, received, previous, warm: null });
  expectSame(own.pack(start), own.pack(previous));
  // What the two halves add up to is the sum of both products: the mean's A and B stand side by side in the first half.
  for (const { matrix, offset, rows, columns } of layout.tensors) {
    for (let p = 0; p < rows * columns; p++) {
      const isFirst = matrix === 'A' ? p < half * columns : p % columns < half;
      const from = matrix === 'A' ? p + half * columns : p + half;
      if (isFirst) expect(start[offset + p]).toBe(mean[offset + from]);
    }
  }
});

describe('the registry', () => {
  it('has those of SPEC.md, each by its name', () => {
    expect(knownStrategies().map(({ name }) => name)).toEqual([...strategyNames]);
    for (const name of strategyNames) expect(strategyOf(name).name).toBe(name);
  });

  it('says which strategy it does not know', () => {
    expect(() => strategyOf('telepathy')).toThrow(
      expect.objectContaining({ code: 'strategy-unknown', message: expect.stringContaining('"telepathy"') }),
    );
  });

  it('takes another one, folds by what that says, and refuses its name twice', () => {
    const added: number[] = [];
    const own: Strategy = {
      ...strategyKit.plainLora,
      name: 'weighed',
      title: 'Weighed',
      description: 'Only counts.',
      averaging: ({ global }) => ({
        add: (_mask, _delta, weight) => void added.push(weight),
        apply: () => global,
      }),
    };
    registerStrategy(own);
    const config = federationConfigSchema.parse({
      name: 'x',
      model: 'y',
      strategy: 'weighed',
      strategyOptions: { by: 'hand', times: 3 },
    });
    const layout = layoutOf(config, { layers: 1, width: 2, queryWidth: 2, keyValueWidth: 2, feedForwardWidth: 2 });
    const global = { theta: new Float32Array(layout.size), moments: null, owners: null };
    const aggregation = openAggregation({ config, layout, round: 1, global });
    aggregation.add(Mask.full(layout.size), new Float32Array(layout.size), 7);
    expect(aggregation.apply()).toBe(global);
    expect(added).toEqual([7]);
    expect(() => registerStrategy(own)).toThrow('There is a strategy "weighed" already.');
    expect(() => registerStrategy({ ...own, name: 'Weighed!' })).toThrow(RangeError);
  });
});
