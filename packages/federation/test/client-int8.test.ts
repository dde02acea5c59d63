import { initialTheta } from '@perfit/protocol/space';
import { expectSame } from '@perfit/testkit';
import { describe, expect, it } from 'vitest';
import type { ClientStore, Residual } from '../src/index.ts';
import { FEDERATION } from './coordinator-stage.ts';
import { collect, configOf, of, outlives, setting, TabGone } from './staged-client.ts';

describe('deltas in int8', () => {
  it('[PF5a] what the coordinator has not got of all that was learned is what the client still owes', async () => {
    const { coordinator, options, store, tuner } = await setting(int8());
    const learned = new Float32Array(coordinator.layout.size);
    const { tune } = tuner;
    tuner.tune = async function* (start, settings, signal) {
      const tuned = yield* tune.call(tuner, start, settings, signal);
      tuned.theta.forEach((value, p) => {
        learned[p] = (learned[p] as number) + value - (start.theta[p] as number);
      });
      return tuned;
    };
    await collect(options());
    const { residual } = (await store.load(FEDERATION)) ?? {};
    if (!residual) expect.fail('nothing is owed');
    expect(residual.round).toBe(3);
    const start = initialTheta(coordinator.layout, 1);
    const theta = await coordinator.theta();
    const owed = residual.mask.unpack(residual.after);
    expect(owed.some((value) => value !== 0)).toBe(true);
    for (const p of residual.mask.positions()) {
      const missing = (start[p] as number) + (learned[p] as number) - (theta[p] as number);
      expect(missing).toBeCloseTo(owed[p] as number, 6);
    }
  });

  it.each(['f32', 'f16'] as const)('[DC2] nothing is kept for %s', async (dtype) => {
    const { options, store } = await setting(configOf({ wire: { dtype } }));
    await collect(options());
    expect((await store.load(FEDERATION))?.residual).toBe(null);
  });

  it('[DC2] go up in int8, and what comes down is f16', async () => {
    const { coordinator, options } = await setting(int8());
    const events = await collect(options());
    const kept = (await coordinator.masks())[0]?.kept as number;
    const last = (kind: 'delta' | 'slice') =>
      of(events, 'transfer')
        .filter((event) => event.kind === kind)
        .at(-1)?.total;
    expect(last('delta')).toBe(76 + kept + 4 * Math.ceil(kept / 64));
    expect(last('slice')).toBe(76 + 2 * kept);
  });

  it('[HS3] [UP4] neither a loss nor the end of the tab at any one request, its answer under way, changes the result', async () => {
    const expected = await lossless();
    for (const fate of ['request-lost', 'answer-lost'] as const) {
      for (const isGone of [false, true]) {
        for (let lost = 0; lost < expected.requests; lost++) {
          const { coordinator, options } = await setting(int8());
          coordinator.fate = (_request, index) => (index === lost ? fate : 'arrives');
          coordinator.onRequest = () => {
            if (isGone && coordinator.requests.length === lost + 2) throw new TabGone();
          };
          while (!(await outlives(options())));
          expect(await coordinator.acceptedRounds()).toEqual([1, 2, 3]);
          expectSame(await coordinator.theta(), expected.theta);
        }
      }
    }
  });

  it('[UP5] one that came too late leaves owed what was owed', async () => {
    const { coordinator, options, store } = await setting(int8());
    const residuals = residualsOf(store);
    coordinator.onRequest = async ({ name }) => {
      // The mask's comes first, then the first round's.
      if (name === 'complete' && coordinator.sent('complete').length === 3) await coordinator.act('skip');
    };
    const events = await collect(options());
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(['round-closed']);
    expect(await coordinator.acceptedRounds()).toEqual([1, 3]);
    const [first, second, third] = [1, 2, 3].map((round) => residuals.get(round) as Residual);
    expect(second?.before).toEqual(first?.after);
    expect(second?.after).not.toEqual(first?.after);
    expect(third?.before).toEqual(first?.after);
  });

  it('[RD5] one that is asked for again has the same bytes', async () => {
    const { coordinator, options } = await setting(int8());
    coordinator.fate = ({ name }) =>
      name === 'complete' && coordinator.sent('complete').length === 3 ? { refuse: 'round-closed' } : 'arrives';
    await collect(options(), async ({ type }) => {
      if (type === 'problem') await coordinator.passTime();
    });
    const announced = coordinator.sent('announce').filter((announce) => announce.kind === 'delta');
    expect(announced.map(({ round, attempt }) => [round, attempt])).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
      [3, 1],
    ]);
    expect(announced[2]?.sha256).toBe(announced[1]?.sha256);
    expectSame(await coordinator.theta(), (await lossless()).theta);
  });
});

function int8() {
  return configOf({ wire: { dtype: 'int8' } });
}

async function lossless(): Promise<{ theta: Float32Array; requests: number }> {
  const { coordinator, options } = await setting(int8());
  await collect(options());
  return { theta: await coordinator.theta(), requests: coordinator.requests.length };
}

/** Every residual that was saved, by its round. */
function residualsOf(store: ClientStore): Map<number, Residual> {
  const saved = new Map<number, Residual>();
  const { save } = store;
  store.save = (federation, record) => {
    if (record.residual) saved.set(record.residual.round, record.residual);
    return save(federation, record);
  };
  return saved;
}
