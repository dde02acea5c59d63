import { Mask, seededRandom } from '@perfit/protocol/space';
import { expectSame, scriptedTuner } from '@perfit/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClientStore, layoutOf } from '../src/index.ts';
import { CoordinatorStage, FEDERATION } from './coordinator-stage.ts';
import {
  alone,
  byHand,
  clientOf,
  collect,
  configOf,
  dimensions,
  distance,
  of,
  outlives,
  roundsOf,
  setting,
  TabGone,
} from './staged-client.ts';

describe('lost connections', () => {
  it('[HS3] [UP2] [UP4] a loss at any one request changes nothing of the result', async () => {
    const expected = await lossless();
    expect(expected.requests).toBeGreaterThan(15);
    for (const fate of ['request-lost', 'answer-lost'] as const) {
      for (let lost = 0; lost < expected.requests; lost++) {
        const { coordinator, options } = await setting();
        coordinator.fate = (_request, index) => (index === lost ? fate : 'arrives');
        const events = await collect(options());
        expect([fate, lost, events.at(-1)?.type]).toEqual([fate, lost, 'finished']);
        expect(of(events, 'connection').filter(({ state }) => state === 'lost').length).toBe(1);
        expect(await coordinator.acceptedRounds()).toEqual([1, 2, 3]);
        expectSame(await coordinator.theta(), expected.theta);
      }
    }
  });

  it('[HS3] [UP4] neither do many losses, refusals that pass and servers that do not answer (fuzzed)', async () => {
    const expected = await lossless();
    const passing = ['storage-failed', 'rate-limited', 'upload-busy', 'upload-unknown', 'internal'] as const;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.double({ min: 0, max: 0.35, noNaN: true }), async (seed, rate) => {
        const random = seededRandom(seed);
        const { coordinator, options } = await setting();
        coordinator.fate = ({ name }) => {
          if (random() > rate || name === 'leave') return 'arrives';
          const kind = random();
          if (kind < 0.4) return 'request-lost';
          if (kind < 0.8) return 'answer-lost';
          return { refuse: passing[Math.floor(random() * passing.length)] as (typeof passing)[number] };
        };
        const connection = coordinator.connection();
        connection.refusals = Math.floor(3 * random());
        const events = await collect(options({ connection }));
        expect(events.at(-1)?.type).toBe('finished');
        expect(await coordinator.acceptedRounds()).toEqual([1, 2, 3]);
        expectSame(await coordinator.theta(), expected.theta);
      }),
      { numRuns: 60 },
    );
  });

  it('[HS3] goes on tuning while the connection is lost', async () => {
    const { coordinator, options, tuner } = await setting();
    const connection = coordinator.connection();
    tuner.onStep = (step) => {
      if (step === 2 && tuner.tunings.length === 1) connection.lose();
    };
    const events = await collect(options({ connection }));
    expect(events.at(-1)?.type).toBe('finished');
    expect(of(events, 'joined').map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(tuner.tunings.length).toBe(3);
    expect(
      of(events, 'tuning')
        .filter(({ round }) => round === 1)
        .map(({ progress }) => progress.step),
    ).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('[PF6] [HS3] [UP4] losses, crashes and reloads of several clients change nothing of the result (fuzzed)', async () => {
    const seeds = [1, 2, 3];
    const config = configOf({ schedule: roundsOf(3) });
    const layout = layoutOf(config, dimensions);
    const expected = await byHand(
      seeds.map((seed) => scriptedTuner(layout, seed)),
      3,
      'owned',
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.double({ min: 0, max: 0.25, noNaN: true }), async (seed, rate) => {
        const random = seededRandom(seed);
        const coordinator = await CoordinatorStage.open(config, layout);
        coordinator.fate = () => (random() > rate ? 'arrives' : random() < 0.5 ? 'request-lost' : 'answer-lost');
        await Promise.all(
          seeds.map(async (own) => {
            const { options, tuner } = await clientOf(coordinator, own);
            tuner.onStep = () => {
              if (random() < rate / 4) throw new TabGone();
            };
            while (!(await outlives(options())));
          }),
        );
        expect(await coordinator.acceptedRounds()).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
        // Sums are as exact as binary64 in whatever order they were made.
        expect(distance(expected, await coordinator.theta())).toBeLessThan(1e-6);
      }),
      { numRuns: 25 },
    );
  });
});

describe('reloads', () => {
  it.each([1, 3, 5])('[HS3] reloads at step %i, and takes up the round from the checkpoint', async (crash) => {
    const { coordinator, options, tuner } = await setting();
    tuner.onStep = (step) => {
      if (step === crash) throw new TabGone();
    };
    await expect(collect(options())).rejects.toThrow(TabGone);
    tuner.onStep = () => {};
    const events = await collect(options());
    expect(of(events, 'joined')[0]?.resumed).toBe(true);
    expect(tuner.searches.length).toBe(1);
    expect(tuner.tunings[1]?.start.checkpoint?.step).toBe(crash === 1 ? undefined : crash - 1);
    expect(coordinator.sent('download').length).toBe(2);
    expectSame(await coordinator.theta(), await alone(coordinator));
  });

  it('[HS3] reloads between tuning and upload, and only uploads', async () => {
    const { coordinator, options, tuner } = await setting();
    coordinator.onRequest = ({ name, message }) => {
      if (name === 'announce' && message.kind === 'delta') throw new TabGone();
    };
    await expect(collect(options())).rejects.toThrow(TabGone);
    coordinator.onRequest = () => {};
    await collect(options());
    expect(tuner.tunings.length).toBe(3);
    expect(await coordinator.acceptedRounds()).toEqual([1, 2, 3]);
  });

  it('works on where the store is full', async () => {
    const { coordinator, options } = await setting();
    const full: ClientStore = {
      load: async () => null,
      save: async () => {
        throw new Error('QuotaExceededError');
      },
      remove: async () => {},
    };
    const events = await collect(options({ store: full }));
    expect(coordinator.version).toBe(3);
    expect(of(events, 'problem').every(({ error }) => error.code === 'storage-failed')).toBe(true);
  });

  it('begins anew where the stored record is of another layout', async () => {
    const { coordinator, options, store, tuner } = await setting();
    const size = coordinator.layout.size + 1;
    await store.save(FEDERATION, {
      layoutHash: '0'.repeat(64),
      mask: Mask.full(size),
      maskRound: 1,
      tuned: { round: 1, theta: new Float32Array(size) },
      best: null,
      basePerplexity: 2,
      inProgress: null,
      search: null,
      residual: null,
      tunedRounds: [],
      mean: null,
      twin: null,
      kept: null,
    });
    await collect(options());
    expect(tuner.searches.length).toBe(1);
    expect(coordinator.version).toBe(3);
  });
});

async function lossless(): Promise<{ theta: Float32Array; requests: number }> {
  const { coordinator, options } = await setting();
  await collect(options());
  return { theta: await coordinator.theta(), requests: coordinator.requests.length };
}
