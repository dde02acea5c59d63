import { describe, expect, it } from 'vitest';
import { FEDERATION } from './coordinator-stage.ts';
import { collect, configOf, of, setting, settingOfManyChunks } from './staged-client.ts';

describe('the uploads of a client', () => {
  it('[UP2] sends what is longer than a chunk in chunks, each acknowledged', async () => {
    const { coordinator, options } = await settingOfManyChunks();
    const events = await collect(options());
    expect(events.at(-1)?.type).toBe('finished');
    const up = of(events, 'transfer')
      .filter((event) => event.kind === 'delta')
      .map((event) => event.bytes);
    const [mask] = await coordinator.masks();
    expect(up).toEqual([0, 256 * 1024, 76 + 4 * (mask?.kept as number)]);
  });

  it('[UP2] resumes a broken upload at the offset of the server', async () => {
    const { coordinator, options } = await settingOfManyChunks();
    // The first is the mask's; the second arrives, and nobody hears of it.
    coordinator.fate = ({ name }) =>
      name === 'chunk' && coordinator.sent('chunk').length === 2 ? 'answer-lost' : 'arrives';
    const events = await collect(options());
    expect(events.at(-1)?.type).toBe('finished');
    expect(coordinator.sent('chunk').map(({ offset }) => offset)).toEqual([0, 0, 256 * 1024]);
    const up = of(events, 'transfer')
      .filter((event) => event.kind === 'delta')
      .map((event) => event.bytes);
    expect(up.slice(0, 2)).toEqual([0, 256 * 1024]);
  });

  it('[UP3] shows why a delta is refused, does not send it again, and waits for the next round', async () => {
    const { coordinator, options, tuner, store } = await setting(configOf({ maxDeltaNorm: 1e-3 }));
    const connection = coordinator.connection();
    const events = await collect(options({ connection }), async (event) => {
      // Comes back within the round, and is offered it again; so it is as the round's next attempt.
      if (event.type === 'problem') connection.lose();
      if (event.type === 'joined' && coordinator.sent('complete').length > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        await coordinator.passTime();
        expect(coordinator.attempt).toBe(2);
        await new Promise((resolve) => setImmediate(resolve));
        await coordinator.act('skip');
      }
    });
    expect(of(events, 'joined').length).toBe(4);
    expect(of(events, 'round-started').map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(Array(3).fill('delta-norm'));
    expect(tuner.tunings.length).toBe(3);
    expect(await coordinator.submissions()).toEqual([]);
    expect((await store.load(FEDERATION))?.tuned?.round).toBe(3);
  });

  it('[UP5] shows that an answer came too late, and waits for the next round', async () => {
    const { coordinator, options } = await setting();
    coordinator.onRequest = async ({ name }) => {
      // The mask's comes first.
      if (name === 'complete' && coordinator.sent('complete').length === 2) await coordinator.act('skip');
    };
    const events = await collect(options());
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(['round-closed']);
    expect(await coordinator.acceptedRounds()).toEqual([2, 3]);
    expect(events.at(-1)?.type).toBe('finished');
  });

  it('[UP3] does not keep or send a result that is not finite', async () => {
    const { coordinator, options, tuner, store } = await setting();
    const { tune } = tuner;
    tuner.tune = async function* (start, settings, signal) {
      const tuned = yield* tune.call(tuner, start, settings, signal);
      if (tuner.tunings.length === 2) tuned.theta[3] = Number.NaN;
      return tuned;
    };
    const events = await collect(options(), async (event) => {
      if (event.type === 'problem') await coordinator.act('skip');
    });
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(['delta-not-finite']);
    expect(await coordinator.acceptedRounds()).toEqual([1, 3]);
    expect((await store.load(FEDERATION))?.tuned?.theta.every((value) => Number.isFinite(value))).toBe(true);
  });
});
