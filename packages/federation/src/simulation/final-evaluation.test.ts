import { type FederationConfigInput, federationConfigSchema, strategyNames } from '@perfit/protocol';
import { Mask, type ModelDimensions } from '@perfit/protocol/space';
import { expectSame, type ScriptedTuner, scriptedTuner } from '@perfit/testkit';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../strategy/registry.ts';
import type { Fault } from './fault.ts';
import { nextStart } from './final-evaluation.ts';
import { simulateFederation } from './simulate-federation.ts';

const dimensions: ModelDimensions = { layers: 1, width: 4, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 6 };
const NAMES = ['Ada', 'Bo', 'Cy'];
const ROUNDS = 3;

const configOf = (more: Partial<FederationConfigInput>) =>
  federationConfigSchema.parse({
    name: 'A test',
    model: 'none',
    lora: { rank: 2 },
    wire: { dtype: 'f32' },
    schedule: { rounds: ROUNDS, goal: 3, minimum: 1, recruit: 3, maxRepeats: 3 },
    ...more,
  });

async function simulated(more: Partial<FederationConfigInput>, faults: Fault[] = []) {
  const config = configOf(more);
  const layout = layoutOf(config, dimensions);
  const tuners = NAMES.map((_, i) => scriptedTuner(layout, i + 1));
  let evaluations = 0;
  const clients = tuners.map((tuner, i) => ({
    name: NAMES[i] as string,
    tuner: {
      ...tuner,
      perplexity: (theta: Float32Array | null) => {
        evaluations++;
        return tuner.perplexity(theta);
      },
    } satisfies ScriptedTuner,
  }));
  const run = simulateFederation({ config, layout, clients, faults, stopwatch: () => 0 });
  for (;;) {
    const next = await run.next();
    if (next.done) return { ...next.value, tuners, evaluations };
  }
}

describe('what is left after the last round', () => {
  it.each(strategyNames)('is evaluated once for every client: %s', async (strategy) => {
    const { rounds } = await simulated({ strategy });
    const having = rounds.filter(({ perplexity }) => perplexity.after !== undefined);
    expect(having.map(({ client, round }) => [client, round])).toEqual(NAMES.map((name) => [name, ROUNDS]));
  });

  it('is the last global adapter, for FedIT', async () => {
    const { rounds, theta, tuners } = await simulated({ strategy: 'fedit' });
    for (const [i, row] of rounds.slice(-3).entries()) {
      expect(row.perplexity.after).toBe(await tuners[i]?.perplexity(theta));
      expect(row.perplexity.after).not.toBe(row.perplexity.tuned);
    }
  });

  it('is what was tuned, and not evaluated again, where nothing is received any more', async () => {
    for (const strategy of ['local', 'fedit+ft'] as const) {
      const { rounds, evaluations } = await simulated({ strategy });
      for (const { perplexity } of rounds.slice(-3)) expect(perplexity.after).toBe(perplexity.tuned);
      // Of base once a client, of received and tuned once a client and round.
      expect(evaluations).toBe(3 * (1 + 2 * ROUNDS));
    }
  });

  it('goes to the last round that counted, where a client came too late for the last one', async () => {
    const { rounds, theta, tuners } = await simulated({ strategy: 'fedit' }, [
      { client: 'Bo', round: ROUNDS, kind: 'straggler' },
    ]);
    const having = rounds.filter(({ client, perplexity }) => client === 'Bo' && perplexity.after !== undefined);
    expect(having).toMatchObject([{ round: ROUNDS - 1 }]);
    expect(having[0]?.perplexity.after).toBe(await tuners[1]?.perplexity(theta));
  });

  it('tells which positions each client owned', async () => {
    const { masks, rounds } = await simulated({ strategy: 'perfit' });
    expect(masks.map(({ client }) => client)).toEqual(NAMES);
    expect(masks.map(({ mask }) => mask.kept)).toEqual(rounds.slice(-3).map(({ trainable }) => trainable));
    const { masks: whole } = await simulated({ strategy: 'fedsa' });
    // What is exchanged is half of it; what is owned is all.
    for (const { mask } of whole) expect(mask.density).toBe(1);
  });
});

describe('what a client would start the next round from', () => {
  const startOf = (more: Partial<FederationConfigInput>) => {
    const config = configOf({ strategy: 'perfit', ...more });
    const layout = layoutOf(config, dimensions);
    const theta = Float32Array.from({ length: layout.size }, (_, p) => 1 + p / 7);
    const mask = Mask.from(layout.size, (p) => p % 2 === 0);
    return { theta, mask, start: nextStart({ config, layout }, theta, { mask, tuned: null }) };
  };

  it('[PF7] is its own slice of θ_g, or all of it', () => {
    const { theta, mask, start } = startOf({ receive: 'owned' });
    expectSame(start, mask.apply(theta));
    expectSame(startOf({ receive: 'all' }).start, theta);
  });

  it('[DC2] is rounded by the wire', () => {
    const { theta, mask, start } = startOf({ wire: { dtype: 'f16' } });
    for (const p of mask.positions()) {
      expect(start[p]).toBeCloseTo(theta[p] as number, 1);
      expect(((start[p] as number) * 1024) % 1).toBe(0);
    }
  });
});
