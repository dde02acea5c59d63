import { type FederationConfigInput, federationConfigSchema, ProtocolError, strategyNames } from '@perfit/protocol';
import { initialTheta, type ModelDimensions, maskOverlap } from '@perfit/protocol/space';
import { expectSame, type ScriptedTuner, scriptedTuner } from '@perfit/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregate } from '../aggregation/parameter-sums.ts';
import { positionsOf } from '../strategy/parts/positions.ts';
import { layoutOf } from '../strategy/registry.ts';
import type { Fault } from './fault.ts';
import { simulateFederation } from './simulate-federation.ts';
import type { SimulationEvent, SimulationResult } from './simulation.ts';

const dimensions: ModelDimensions = { layers: 1, width: 4, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 6 };
const NAMES = ['Ada', 'Bo', 'Cy'];

function configOf(more: Partial<FederationConfigInput> = {}, rounds = 3) {
  return federationConfigSchema.parse({
    name: 'A test',
    model: 'none',
    lora: { rank: 2 },
    wire: { dtype: 'f32' },
    schedule: { rounds, goal: 3, minimum: 1, recruit: 3, maxRepeats: 3 },
    ...more,
  });
}

interface Run extends SimulationResult {
  readonly events: readonly SimulationEvent[];
  readonly tuners: readonly ScriptedTuner[];
}

async function simulated(
  config: ReturnType<typeof configOf>,
  more: { faults?: Fault[]; onTuners?: (tuners: ScriptedTuner[]) => void } = {},
): Promise<Run> {
  const layout = layoutOf(config, dimensions);
  const tuners = NAMES.map((_, i) => scriptedTuner(layout, i + 1));
  more.onTuners?.(tuners);
  const clients = NAMES.map((name, i) => ({ name, tuner: tuners[i] as ScriptedTuner }));
  const run = simulateFederation({ config, layout, clients, faults: more.faults ?? [], stopwatch: () => 0 });
  const events: SimulationEvent[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { ...next.value, events, tuners };
    events.push(next.value);
  }
}

const counted = ({ rounds }: Run, round: number) =>
  rounds.filter((row) => row.round === round && row.isCounted).map((row) => row.client);

/** Over all pairs of clients. */
function meanOverlap({ masks }: Run): number {
  const pairs = masks.flatMap((a, i) => masks.slice(i + 1).map((b) => maskOverlap(a.mask, b.mask)));
  return pairs.reduce((sum, overlap) => sum + overlap, 0) / pairs.length;
}

describe('a simulated federation', () => {
  it.each(strategyNames)('[RD1] plays every round with every client: %s', async (strategy) => {
    const run = await simulated(configOf({ strategy }));
    expect(run.status).toMatchObject({ state: 'finished', version: 3 });
    expect(run.rounds.map(({ client, round }) => `${round} ${client}`)).toEqual(
      [1, 2, 3].flatMap((round) => NAMES.map((name) => `${round} ${name}`)),
    );
    for (const row of run.rounds) {
      expect(row.isCounted).toBe(true);
      expect(row.trainable).toBeGreaterThan(0);
      expect(row.perplexity.tuned).toBeLessThan(row.perplexity.received);
    }
  });

  it('says how far each commit moved, in the L2 norm', async () => {
    const { steps, theta } = await simulated(configOf({ strategy: 'fedit' }, 1));
    const { layout } = (await simulated(configOf({ strategy: 'fedit' }, 1))).tuners[0] as ScriptedTuner;
    const before = initialTheta(layout, 1);
    const squares = theta.reduce((sum, value, p) => sum + (value - (before[p] as number)) ** 2, 0);
    expect(steps).toEqual([Math.sqrt(squares)]);
    expect((await simulated(configOf({ strategy: 'local' }))).steps).toEqual([0, 0, 0]);
  });

  it('[PF9] concludes with every client, one after the other, and its twin does no more than it did', async () => {
    const config = configOf({ strategy: 'fedit' });
    const layout = layoutOf(config, dimensions);
    let under = 0;
    let most = 0;
    const clients = NAMES.map((name, i) => {
      const scripted = scriptedTuner(layout, i + 1);
      const tune: ScriptedTuner['tune'] = async function* (...args) {
        most = Math.max(most, ++under);
        try {
          return yield* scripted.tune(...args);
        } finally {
          under--;
        }
      };
      return { name, scripted, tuner: { ...scripted, tune, examples: { ...scripted.examples, validation: 2 } } };
    });
    const play = async (twin: boolean) => {
      const run = simulateFederation({ config, layout, clients, twin, stopwatch: () => 0 });
      for (;;) {
        const next = await run.next();
        if (next.done) return next.value;
      }
    };
    const without = await play(false);
    const tuned = clients.map(({ scripted }) => scripted.tunings.length);
    const { rounds, theta } = await play(true);
    expect(most).toBe(1);
    expect(clients.map(({ scripted }, i) => scripted.tunings.length - (tuned[i] as number))).toEqual([6, 6, 6]);
    // Neither the choice nor the twin is known to anybody else.
    expectSame(theta, without.theta);
    for (const row of [...without.rounds, ...rounds]) expect(row.conclusion !== undefined).toBe(row.round === 3);
    for (const { conclusion, perplexity } of rounds.slice(-3)) {
      expect(conclusion?.perplexity.alone).toBeGreaterThan(1);
      expect(conclusion?.perplexity.kept).toBeLessThanOrEqual(perplexity.tuned);
    }
    expect(without.rounds.at(-1)?.conclusion?.perplexity.alone).toBe(null);
    // What came last was fetched for the choice, and is counted.
    expect(without.rounds.at(-1)?.bytesDown).toBe(2 * (without.rounds.at(-4)?.bytesDown as number));
  });

  it('[PF6] adds up what the clients tuned, to the bit', async () => {
    const config = configOf({ strategy: 'fedit' }, 1);
    const { theta, tuners } = await simulated(config);
    const layout = layoutOf(config, dimensions);
    const mask = positionsOf(layout, 'both');
    const starts = tuners.map(({ tunings }) => tunings[0]?.start.theta as Float32Array);
    const submissions = [];
    for (const [i, tuner] of tuners.entries()) {
      const run = tuner.tune({ theta: starts[i] as Float32Array, mask }, {} as never);
      let next = await run.next();
      while (!next.done) next = await run.next();
      const delta = next.value.theta.map((value, p) => value - (starts[i]?.[p] as number));
      submissions.push({ mask, delta, weight: tuner.examples.training });
    }
    expectSame(theta, aggregate(starts[0] as Float32Array, submissions));
  });

  it('gives the same numbers in every run', async () => {
    for (const strategy of ['perfit', 'random-mask'] as const) {
      const [a, b] = [await simulated(configOf({ strategy })), await simulated(configOf({ strategy }))];
      expect(a.rounds).toEqual(b.rounds);
      expectSame(a.theta, b.theta);
    }
  });

  it('counts the bytes that codecs make, and none for what is shared with nobody', async () => {
    const fedit = await simulated(configOf({ strategy: 'fedit' }));
    const { size } = layoutOf(configOf({ strategy: 'fedit' }), dimensions);
    const first = fedit.rounds.filter((row) => row.round === 1);
    const later = fedit.rounds.filter((row) => row.round > 1);
    // θ⁰ is derived, the mask goes up once.
    for (const row of first) expect(row.bytesDown).toBe(0);
    for (const row of first) expect(row.bytesUp).toBeGreaterThan(76 + 4 * size);
    for (const row of later) expect(row).toMatchObject({ bytesUp: 76 + 4 * size, bytesDown: 76 + 4 * size });
    const local = await simulated(configOf({ strategy: 'local' }));
    expect(local.rounds.filter((row) => row.round > 1).map((row) => row.bytesUp)).toEqual(Array(6).fill(76));
  });

  it('[PF5a] learns in int8 what it learns in f32, and in no round falls behind', async () => {
    const rounds = 12;
    const run = (dtype: 'f32' | 'f16' | 'int8') =>
      simulated(
        configOf({ strategy: 'fedit', wire: { dtype }, schedule: { rounds, goal: 3, minimum: 1, recruit: 3 } }),
      );
    const [exact, half, coarse] = [await run('f32'), await run('f16'), await run('int8')];
    const { size } = layoutOf(configOf({ strategy: 'fedit' }), dimensions);
    for (const row of coarse.rounds.filter(({ round }) => round > 1)) {
      expect(row).toMatchObject({
        bytesUp: 76 + size + 4 * Math.ceil(size / 64),
        bytesDown: 76 + 2 * size,
      });
    }
    const worst = ({ theta }: Run) =>
      theta.reduce((most, value, p) => Math.max(most, Math.abs(value - (exact.theta[p] as number))), 0);
    // θ moves by about one; a step of such a delta is 1/127, and what f16 rounds on the way down is less.
    expect(worst(coarse)).toBeLessThan(1 / 127);
    expect(worst(half)).toBeLessThan(worst(coarse));
    for (const [i, row] of coarse.rounds.entries()) {
      expect(row.perplexity.received).toBeCloseTo(exact.rounds[i]?.perplexity.received as number, 2);
    }
  });

  it('[PF3] a prior on owners makes masks overlap more, and costs each search one download', async () => {
    const run = (search: object) => simulated(configOf({ search: { density: 0.25, sharedRounds: 1, ...search } }));
    const [apart, together] = [await run({}), await run({ prior: 4 })];
    expect(meanOverlap(together)).toBeGreaterThan(meanOverlap(apart) + 0.2);
    const { size } = layoutOf(configOf(), dimensions);
    for (const [i, { round, bytesDown }] of together.rounds.entries()) {
      expect(bytesDown).toBe((apart.rounds[i]?.bytesDown as number) + (round === 2 ? 76 + 4 * size : 0));
    }
    const [ada, bo, cy] = together.tuners.map(({ searches }) => searches[0]?.prior?.owners);
    // Everybody owned the same first ranks in the shared round.
    expect(new Set(ada)).toEqual(new Set([0, 1]));
    expect(bo).toEqual(ada);
    expect(cy).toEqual(ada);
  });

  it('[PF3] with the prior 0 is the federation without one', async () => {
    const run = (search: object) => simulated(configOf({ search: { everyRounds: 1, ...search } }));
    const [without, zero] = [await run({}), await run({ prior: 0 })];
    expect(zero.rounds).toEqual(without.rounds);
    expectSame(zero.theta, without.theta);
  });

  it('[PF3] tells owners of the last round alone', async () => {
    const { tuners } = await simulated(configOf({ search: { everyRounds: 1, prior: 0.5 } }), {
      faults: [{ client: 'Bo', round: 2, kind: 'dropout' }],
    });
    const shares = (search: number) => new Set(tuners[0]?.searches[search]?.prior?.owners);
    expect(tuners[0]?.searches[0]?.prior).toBeUndefined();
    expect(shares(1)).toEqual(new Set([0, 1, 2].map((count) => Math.fround(count / 3)).concat(1)));
    expect(shares(2)).toEqual(new Set([0, 0.5, 1]));
  });

  it('[RD4] goes on without a client that drops out, and takes it in again', async () => {
    const run = await simulated(configOf(), { faults: [{ client: 'Bo', round: 2, kind: 'dropout' }] });
    expect(run.status).toMatchObject({ state: 'finished', version: 3 });
    expect([1, 2, 3].map((round) => counted(run, round))).toEqual([NAMES, ['Ada', 'Cy'], NAMES]);
    expect(run.rounds.filter(({ client, round }) => client === 'Bo' && round === 2)).toEqual([]);
  });

  it('[RD4] ends also for a client that is away in the last round', async () => {
    const run = await simulated(configOf(), { faults: [{ client: 'Cy', round: 3, kind: 'dropout' }] });
    expect(counted(run, 3)).toEqual(['Ada', 'Bo']);
    expect(run.events.filter(({ event }) => event.type === 'finished').map(({ client }) => client)).toHaveLength(3);
  });

  it('[RD2] [UP5] closes at the deadline, and tells a straggler that it came too late', async () => {
    const run = await simulated(configOf(), { faults: [{ client: 'Ada', round: 2, kind: 'straggler' }] });
    expect(run.status).toMatchObject({ state: 'finished', version: 3 });
    expect([1, 2, 3].map((round) => counted(run, round))).toEqual([NAMES, ['Bo', 'Cy'], NAMES]);
    // It did its work all the same, and knows how good it is.
    expect(run.rounds.find(({ client, round }) => client === 'Ada' && round === 2)?.perplexity.tuned).toBeGreaterThan(
      0,
    );
    const problems = run.events.filter(({ event }) => event.type === 'problem');
    expect(problems).toMatchObject([{ client: 'Ada', event: { error: { code: 'round-closed' } } }]);
  });

  it('[RD2] repeats a round below its minimum, and then takes a late delta', async () => {
    const config = configOf({
      schedule: { rounds: 2, goal: 3, minimum: 3, recruit: 3, maxRepeats: 3 },
    });
    for (const kind of ['straggler', 'dropout'] as const) {
      const run = await simulated(config, { faults: [{ client: 'Bo', round: 1, kind }] });
      expect(run.status).toMatchObject({ state: 'finished', version: 2 });
      expect([...counted(run, 1)].sort()).toEqual(NAMES);
      expect(run.events.some(({ event }) => event.type === 'round-closed' && event.closed.outcome === 'failed')).toBe(
        true,
      );
    }
  });

  it('[RD2] [UP4] counts each once where everybody is late', async () => {
    const faults = NAMES.map((client): Fault => ({ client, round: 2, kind: 'straggler' }));
    const run = await simulated(configOf(), { faults });
    expect([1, 2, 3].map((round) => counted(run, round))).toEqual([NAMES, NAMES, NAMES]);
  });

  it('[RD2] [RD4] finishes whatever strikes, and counts each client that nothing happened to', async () => {
    const fault = fc.record({
      client: fc.constantFrom(...NAMES),
      round: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom('dropout' as const, 'straggler' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 6 }), fc.integer({ min: 1, max: 3 }), async (faults, minimum) => {
        const config = configOf({ schedule: { rounds: 3, goal: 3, minimum, recruit: 3, maxRepeats: 10 } });
        const run = await simulated(config, { faults });
        expect(run.status).toMatchObject({ state: 'finished', version: 3 });
        for (const round of [1, 2, 3]) {
          const struck = faults.filter((one) => one.round === round).map(({ client }) => client);
          const unharmed = NAMES.filter((name) => !struck.includes(name));
          expect(counted(run, round)).toEqual(expect.arrayContaining(unharmed));
          expect(counted(run, round).length).toBeGreaterThanOrEqual(minimum);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('[UP3] goes on without a client whose tuning diverges', async () => {
    const run = await simulated(configOf(), {
      onTuners: ([, bo]) => {
        const { tune } = bo as ScriptedTuner;
        (bo as ScriptedTuner).tune = async function* (...args) {
          const tuned = yield* tune(...args);
          return args[1].seed === (bo as ScriptedTuner).tunings[0]?.settings.seed
            ? { ...tuned, theta: tuned.theta.map(() => Number.NaN) }
            : tuned;
        };
      },
    });
    expect([1, 2, 3].map((round) => counted(run, round))).toEqual([['Ada', 'Cy'], NAMES, NAMES]);
  });

  it('ends with the error of a client that breaks', async () => {
    const broken = simulated(configOf(), {
      onTuners: (tuners) => {
        (tuners[2] as ScriptedTuner).onStep = () => {
          throw new Error('the device is lost');
        };
      },
    });
    await expect(broken).rejects.toThrow('the device is lost');
  });

  it('[RD2] says so where a federation cannot be finished', async () => {
    const config = configOf({ schedule: { rounds: 1, goal: 3, minimum: 3, recruit: 3, maxRepeats: 1 } });
    const failing = simulated(config, {
      onTuners: (tuners) => {
        for (const tuner of tuners) {
          tuner.tune = async function* () {
            yield { kind: 'step', epoch: 1, step: 1, steps: 1, loss: 1, tokens: 1 };
            return { theta: new Float32Array(tuner.layout.size).fill(Number.NaN), steps: 1, loss: 1 };
          };
        }
      },
    });
    await expect(failing).rejects.toThrow(ProtocolError);
    await expect(failing).rejects.toThrow('failed 2 times');
  });

  it('stops when nobody listens any more', async () => {
    const config = configOf();
    const layout = layoutOf(config, dimensions);
    const tuners = NAMES.map((_, i) => scriptedTuner(layout, i + 1));
    const clients = NAMES.map((name, i) => ({ name, tuner: tuners[i] as ScriptedTuner }));
    for await (const { event } of simulateFederation({ config, layout, clients, stopwatch: () => 0 })) {
      if (event.type === 'submitted') break;
    }
    expect(tuners[2]?.tunings).toHaveLength(0);
  });
});
