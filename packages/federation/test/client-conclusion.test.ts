import { expectSame, scriptedTuner } from '@perfit/testkit';
import { describe, expect, it } from 'vitest';
import { type ClientRecord, memoryStore, Pause, personalModule } from '../src/index.ts';
import { FEDERATION } from './coordinator-stage.ts';
import { clientOf, collect, configOf, of, roundsOf, setting } from './staged-client.ts';

type Setting = Awaited<ReturnType<typeof setting>>;

/** A tuner with validation rows, which are worth what a function says. */
function validating({ tuner }: Setting, worth?: (theta: Float32Array) => Promise<number>) {
  return {
    ...tuner,
    examples: { ...tuner.examples, validation: 3 },
    perplexity: async (...[theta, signal, on]: Parameters<typeof tuner.perplexity>) =>
      on === 'validation' && worth && theta ? worth(theta) : tuner.perplexity(theta, signal),
  };
}

const recordOf = async ({ store }: Setting) => (await store.load(FEDERATION)) as ClientRecord;

describe('the twin', () => {
  it('[PF9] tunes as often as the client, from its own results, at the same positions and by the same settings', async () => {
    const ada = await setting(configOf({ strategy: 'perfit', schedule: roundsOf(2) }));
    const bea = await clientOf(ada.coordinator, 2);
    const [events] = await Promise.all([collect(ada.options({ twin: 'end' })), collect(bea.options())]);
    const record = await recordOf(ada);
    expect(record.tunedRounds).toEqual([1, 2, 3]);
    expect(record.twin).toMatchObject({ tunings: 3, checkpoint: null });
    const { tunings } = ada.tuner;
    expect(tunings.length).toBe(6);
    const [own, twin] = [tunings.slice(0, 3), tunings.slice(3)];
    expect(twin.map(({ settings }) => settings)).toEqual(own.map(({ settings }) => settings));
    for (const { start } of twin) expect(start.mask.equals(record.mask as never)).toBe(true);
    // Both begin with θ⁰; then the twin goes on from what it has, and not from what came.
    expectSame(twin[0]?.start.theta as Float32Array, own[0]?.start.theta as Float32Array);
    expect(twin[1]?.start.theta).not.toEqual(own[1]?.start.theta);
    // It leaves nothing on the wire.
    expect(of(events, 'submitted').length).toBe(3);
    expect(of(events, 'twin').at(-1)).toEqual({ type: 'twin', tuning: 3, of: 3, done: 1 });
  });

  it('[PF9] is what the client would be in a federation of its own', async () => {
    const config = configOf({ strategy: 'local', schedule: roundsOf(2) });
    const ada = await setting(config);
    const bea = await clientOf(ada.coordinator, 2);
    await Promise.all([collect(ada.options({ twin: 'end' })), collect(bea.options())]);
    const { twin, tuned } = await recordOf(ada);
    expectSame(twin?.theta as Float32Array, tuned?.theta as Float32Array);
  });

  it('[PF9] works while the client waits, stops for the next round, and loses nothing by that', async () => {
    const ada = await setting(configOf({ schedule: roundsOf(2) }));
    const bea = await clientOf(ada.coordinator, 2);
    // Whoever is slower gives the other time to spare.
    bea.tuner.onStep = async () => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    const order: string[] = [];
    const [events] = await Promise.all([
      collect(ada.options({ twin: 'waiting' }), (event) => {
        if (event.type === 'twin' || event.type === 'submitted') order.push(event.type);
      }),
      collect(bea.options()),
    ]);
    expect(events.at(-1)?.type).toBe('finished');
    expect(order.indexOf('twin')).toBeGreaterThan(order.indexOf('submitted'));
    expect(order.indexOf('twin')).toBeLessThan(order.lastIndexOf('submitted'));

    const after = await setting(configOf({ schedule: roundsOf(2) }));
    const other = await clientOf(after.coordinator, 2);
    await Promise.all([collect(after.options({ twin: 'end' })), collect(other.options())]);
    expectSame((await recordOf(ada)).twin?.theta as Float32Array, (await recordOf(after)).twin?.theta as Float32Array);
  });

  it('[PF9] goes on behind a crash from its last checkpoint', async () => {
    const ada = await setting();
    let tunings = 0;
    ada.tuner.onStep = (step) => {
      if (step === 1) tunings++;
      if (tunings === 5 && step === 4) throw new Error('the tab is gone');
    };
    await expect(collect(ada.options({ twin: 'end' }))).rejects.toThrow('the tab is gone');
    const { twin, kept } = await recordOf(ada);
    expect(kept).toBe(null);
    expect(twin).toMatchObject({ tunings: 1, checkpoint: { step: 2 } });
    ada.tuner.onStep = () => {};
    const events = await collect(ada.options({ twin: 'end' }));
    expect(of(events, 'conclusion').length).toBe(1);
    expect(ada.tuner.tunings.at(-2)?.start.checkpoint?.step).toBe(2);

    const whole = await setting();
    await collect(whole.options({ twin: 'end' }));
    expectSame((await recordOf(ada)).twin?.theta as Float32Array, (await recordOf(whole)).twin?.theta as Float32Array);
  });

  it('[PF9] stops where its person does not want it, and is taken up when they ask for it afterwards', async () => {
    const ada = await setting();
    const twinPause = new Pause();
    const first = await collect(
      ada.options({ twin: 'end', twinPause, tuner: async () => validating(ada) }),
      (event) => {
        if (event.type === 'twin' && event.tuning === 2 && event.done > 0.4) twinPause.hold();
      },
    );
    expect(of(first, 'conclusion')).toMatchObject([{ perplexity: { alone: null }, joining: null }]);
    expect((await recordOf(ada)).twin).toMatchObject({ tunings: 1 });
    const again = await collect(ada.options({ twin: 'end', tuner: async () => validating(ada) }));
    expect(of(again, 'conclusion').length).toBe(1);
    expect(of(again, 'conclusion')[0]?.perplexity.alone).toBeGreaterThan(0);
    expect((await recordOf(ada)).twin).toMatchObject({ tunings: 3 });
    // Once it is told, it is told.
    const last = await collect(ada.options({ twin: 'end', tuner: async () => validating(ada) }));
    expect(of(last, 'conclusion')).toEqual([]);
  });

  it('[PF9] stops in the time that it could spare too, without holding up the rounds', async () => {
    const ada = await setting(configOf({ schedule: roundsOf(2) }));
    const bea = await clientOf(ada.coordinator, 2);
    bea.tuner.onStep = async () => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    const twinPause = new Pause();
    const [events] = await Promise.all([
      collect(ada.options({ twin: 'waiting', twinPause }), (event) => {
        if (event.type === 'twin') twinPause.hold();
      }),
      collect(bea.options()),
    ]);
    expect(of(events, 'submitted').length).toBe(3);
    expect(of(events, 'twin').length).toBeLessThan(4);
    expect(events.at(-1)?.type).toBe('finished');
  });

  it('stands still with the rest where the person pauses', async () => {
    const ada = await setting();
    const pause = new Pause();
    const events = await collect(ada.options({ twin: 'end', pause }), (event) => {
      if (event.type !== 'twin' || event.tuning !== 2 || event.done > 0.2) return;
      pause.hold();
      setImmediate(() => pause.release());
    });
    expect(of(events, 'paused').length).toBe(1);
    expect(of(events, 'resumed').length).toBe(1);
    expect(of(events, 'conclusion').length).toBe(1);
  });
});

describe('the end of a federation', () => {
  it('[PF9] keeps the best by the validation rows, of all there is, and measures it on others', async () => {
    const ada = await setting(configOf({ strategy: 'fedit', schedule: roundsOf(2) }));
    const bea = await clientOf(ada.coordinator, 2);
    const tuner = validating(ada);
    const [events] = await Promise.all([
      collect(ada.options({ twin: 'end', tuner: async () => tuner })),
      collect(bea.options()),
    ]);
    const [conclusion] = of(events, 'conclusion');
    const { kept } = await recordOf(ada);
    expect(kept).toMatchObject({ of: conclusion?.of, round: conclusion?.round });
    // Bea pulls elsewhere: nothing is as good for Ada as what came of her text alone.
    expect(conclusion?.of).toBe('alone');
    expect(conclusion?.perplexity.kept).toBe(await ada.tuner.perplexity(kept?.theta as Float32Array));
    expect(conclusion?.perplexity.alone).toBe(conclusion?.perplexity.kept);
    expect(conclusion?.perplexity.together).toBeGreaterThan(conclusion?.perplexity.alone as number);
    expect(conclusion?.joining?.ratio).toBeGreaterThan(1);
    expectSame(personalModule(await recordOf(ada))?.theta as Float32Array, kept?.theta as Float32Array);
    expect(events.at(-1)?.type).toBe('finished');
  });

  it.each([
    ['final', 0],
    ['mix', 0.5],
  ] as const)('[PF9] looks at what the last commit came to, and at means with it: %s', async (origin, own) => {
    const ada = await setting(configOf({ strategy: 'fedit', schedule: roundsOf(2) }));
    const bea = await clientOf(ada.coordinator, 2);
    // Asked after the end alone: by then the coordinator has its last theta.
    const worth = async (theta: Float32Array) => {
      if (ada.coordinator.version < 3) return 100;
      const last = await ada.coordinator.theta();
      const tuned = (await recordOf(ada)).tuned?.theta as Float32Array;
      const wanted = last.map((value, p) => (1 - own) * value + own * (tuned[p] as number));
      return 1 + theta.reduce((sum, value, p) => sum + Math.abs(value - (wanted[p] as number)), 0);
    };
    const tuner = validating(ada, worth);
    const [events] = await Promise.all([collect(ada.options({ tuner: async () => tuner })), collect(bea.options())]);
    expect(of(events, 'conclusion')).toMatchObject([{ of: origin, perplexity: { alone: null }, joining: null }]);
    const kept = (await recordOf(ada)).kept?.theta as Float32Array;
    expect(await worth(kept)).toBeLessThan(1.001);
  });

  it('[PF9] keeps what it tuned last where nothing can tell, and says what the twin came to', async () => {
    const ada = await setting();
    const [conclusion] = of(await collect(ada.options({ twin: 'end' })), 'conclusion');
    const { kept, tuned } = await recordOf(ada);
    expect(kept).toMatchObject({ of: 'tuned', round: 3, perplexity: null });
    expectSame(kept?.theta as Float32Array, tuned?.theta as Float32Array);
    expect(conclusion?.perplexity.kept).toBe(conclusion?.perplexity.together);
    expect(conclusion?.perplexity.alone).toBeGreaterThan(0);
  });

  it('[PF9] chooses among what is here where the last adapter cannot be had any more', async () => {
    const ada = await setting(configOf({ strategy: 'fedit' }));
    const tuner = validating(ada);
    const options = ada.options({ tuner: async () => tuner });
    const { connection } = options;
    const cut = {
      ...connection,
      connect: () => connection.connect(),
      notify: connection.notify.bind(connection),
      on: connection.on.bind(connection),
      close: () => connection.close(),
      request: (async (name: never, message: never, signal: never) => {
        if (ada.coordinator.version === 3 && name === 'download') throw new Error('the line is dead');
        return connection.request(name, message, signal);
      }) as typeof connection.request,
    };
    const events = await collect({ ...options, connection: cut });
    expect(of(events, 'problem').map(({ error }) => error.message)).toEqual([
      "The federation's last adapter could not be fetched: Error: the line is dead",
    ]);
    expect(of(events, 'conclusion').length).toBe(1);
    expect(events.at(-1)?.type).toBe('finished');
  });

  it('chooses once: who comes back to a federation that has ended keeps what it chose', async () => {
    const ada = await setting();
    await collect(ada.options({ twin: 'end' }));
    const before = ada.tuner.tunings.length;
    const events = await collect(ada.options({ twin: 'end' }));
    expect(of(events, 'conclusion')).toEqual([]);
    expect(ada.tuner.tunings.length).toBe(before);
  });

  it.each([true, false])(
    '[PF8] tells the coordinator where its person agrees (%s), and nothing without a twin',
    async (agrees) => {
      for (const twin of ['end', undefined] as const) {
        const ada = await setting();
        const events = await collect(ada.options({ shareEvaluation: agrees, ...(twin ? { twin } : {}) }));
        const [row] = await ada.coordinator.store.clients(FEDERATION);
        if (!agrees || !twin) expect(row?.conclusion).toBe(null);
        else {
          const [conclusion] = of(events, 'conclusion');
          const { together, alone, kept } = conclusion?.perplexity ?? {};
          expect(row?.conclusion).toEqual({
            verdict: conclusion?.joining?.verdict,
            perplexity: { together, alone, kept },
          });
        }
      }
    },
  );

  it('says nothing to a client that has tuned nothing', async () => {
    const ada = await setting();
    await collect(ada.options());
    const late = {
      ...ada.options({ store: memoryStore(), tuner: async () => scriptedTuner(ada.coordinator.layout, 3) }),
    };
    expect(of(await collect(late), 'conclusion')).toEqual([]);
  });
});
