import { type FederationConfigInput, federationConfigSchema, strategyNames } from '@perfit/protocol';
import { initialTheta, type Layout, Mask, type ModelDimensions, seededRandom } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  aggregate,
  type ClientEvent,
  type ClientOptions,
  type ClientRecord,
  type ClientStore,
  type Clock,
  generateKeyPair,
  type Identity,
  identityFromKeyPair,
  layoutOf,
  memoryStore,
  Pause,
  personalModule,
  type Residual,
  runClient,
} from '../src/index.ts';
import { expectSame } from './expect-same.ts';
import { FakeCoordinator } from './fake-coordinator.ts';
import { type FakeTuner, fakeTuner } from './fake-tuner.ts';

const dimensions: ModelDimensions = { layers: 1, width: 4, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 6 };

/** f32 on the wire, so that numbers can be compared bit for bit. */
function configOf(more: Partial<FederationConfigInput> = {}) {
  return federationConfigSchema.parse({
    name: 'A test',
    model: 'none',
    access: 'open',
    lora: { rank: 2 },
    wire: { dtype: 'f32' },
    schedule: { rounds: 3, goal: 1, minimum: 1, recruit: 1 },
    ...more,
  });
}

/** Time passes only when somebody sleeps, and then at once. */
function instantClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (milliseconds, signal) => {
      slept.push(milliseconds);
      now += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}

const newIdentity = async () => identityFromKeyPair(await generateKeyPair({ extractable: false }));

interface Setting {
  readonly coordinator: FakeCoordinator;
  readonly identity: Identity;
  readonly store: ClientStore;
  readonly tuner: FakeTuner;
  readonly clock: ReturnType<typeof instantClock>;
  readonly options: (more?: Partial<ClientOptions>) => ClientOptions;
}

async function setting(
  config = configOf(),
  of: { seed?: number; dimensions?: ModelDimensions } = {},
): Promise<Setting> {
  const layout = layoutOf(config, of.dimensions ?? dimensions);
  const coordinator = await new FakeCoordinator(config, layout).open();
  return clientOf(coordinator, of.seed ?? 1);
}

async function clientOf(coordinator: FakeCoordinator, seed: number): Promise<Setting> {
  const identity = await newIdentity();
  const store = memoryStore();
  const tuner = fakeTuner(coordinator.layout, seed);
  const clock = instantClock();
  const options = (more: Partial<ClientOptions> = {}): ClientOptions => ({
    connection: coordinator.connection(),
    identity,
    store,
    tuner: async () => tuner,
    federation: 'a-federation',
    name: 'Ada',
    agent: 'test',
    device: { backend: 'cpu', description: 'a test' },
    shareEvaluation: true,
    clock,
    random: seededRandom(seed),
    ...more,
  });
  return { coordinator, identity, store, tuner, clock, options };
}

async function collect(
  options: ClientOptions,
  onEvent: (event: ClientEvent) => void = () => {},
): Promise<ClientEvent[]> {
  const events: ClientEvent[] = [];
  for await (const event of runClient(options)) {
    events.push(event);
    onEvent(event);
  }
  return events;
}

function of<T extends ClientEvent['type']>(
  events: readonly ClientEvent[],
  type: T,
): Extract<ClientEvent, { type: T }>[] {
  return events.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
}

/** False where the tab crashed on the way. */
async function outlives(options: ClientOptions): Promise<boolean> {
  try {
    return (await collect(options)).at(-1)?.type === 'finished';
  } catch (error) {
    if (error instanceof Error && error.message === 'the tab is gone') return false;
    throw error;
  }
}

/** PerFIT as written, one client after the other, without a network. */
async function byHand(tuners: FakeTuner[], rounds: number, receive: 'owned' | 'all'): Promise<Float32Array> {
  const layout = (tuners[0] as FakeTuner).layout;
  let global = initialTheta(layout, 1);
  const masks: Mask[] = [];
  for (const tuner of tuners)
    masks.push((await finish(tuner.search({ theta: global }, { density: 0.5 } as never))).mask);
  for (let round = 1; round <= rounds; round++) {
    const submissions = [];
    for (const [i, tuner] of tuners.entries()) {
      const mask = masks[i] as Mask;
      const start = receive === 'all' ? global : mask.apply(global);
      const { theta } = await finish(tuner.tune({ theta: start, mask }, {} as never));
      const before = mask.pack(start);
      const delta = mask.pack(theta).map((value, at) => value - (before[at] as number));
      submissions.push({ mask, delta, weight: tuner.examples.training });
    }
    global = aggregate(global, submissions);
  }
  return global;
}

async function finish<R>(work: AsyncGenerator<unknown, R>): Promise<R> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

/** One client, one round, and a delta of more than one chunk. */
function settingOfManyChunks() {
  const dimensions: ModelDimensions = {
    layers: 1,
    width: 256,
    queryWidth: 256,
    keyValueWidth: 256,
    feedForwardWidth: 1024,
  };
  const config = configOf({
    lora: { rank: 16 },
    schedule: { rounds: 1, goal: 1, minimum: 1, recruit: 1 },
    maxDeltaNorm: 1e6,
  });
  return setting(config, { dimensions });
}

describe('a client alone', () => {
  it('joins, tunes three rounds and finishes, telling each step', async () => {
    const { coordinator, options, store } = await setting();
    const events = await collect(options());
    expect(events.at(-1)).toMatchObject({ type: 'finished', status: { state: 'finished', version: 3 } });
    expect(coordinator.version).toBe(3);
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(of(events, 'joined')).toMatchObject([{ density: 0.5, resumed: false }]);
    expect(of(events, 'problem')).toEqual([]);
    expect(of(events, 'mask').map(({ kept, size }) => kept / size)).toEqual([0.5, 0.5, 0.5]);
    expect(of(events, 'submitted').map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(of(events, 'round-closed').map(({ closed }) => closed.outcome)).toEqual(Array(3).fill('committed'));
    const values = of(events, 'perplexity').filter(({ round }) => round === 2);
    expect(values.map((event) => event.of)).toEqual(['base', 'received', 'tuned']);
    const [base, received, tuned] = values.map(({ value }) => value) as [number, number, number];
    expect(base).toBeGreaterThan(received);
    expect(received).toBeGreaterThan(tuned);
    expect((await store.load('a-federation'))?.tuned?.round).toBe(3);
  });

  it('[PF8] [PF9] keeps the best of what it received and tuned, by its validation rows', async () => {
    const { options, store, tuner } = await setting(configOf({ strategy: 'fedit' }));
    // What it receives in round 3 is the best by these rows, whatever the held-out ones say.
    const worth = [9, 5, 6, 7, 3, 4];
    const perplexity = tuner.perplexity;
    let asked = 0;
    const choosy = {
      ...tuner,
      examples: { ...tuner.examples, validation: 3 },
      perplexity: async (...[theta, signal, on]: Parameters<typeof perplexity>) =>
        on === 'validation' ? (worth[asked++] as number) : perplexity(theta, signal),
    };
    const events = await collect(options({ tuner: async () => choosy }));
    expect(of(events, 'validation')).toEqual(
      worth.map((value, i) => ({
        type: 'validation',
        round: 1 + Math.floor(i / 2),
        of: i % 2 === 0 ? 'received' : 'tuned',
        value,
      })),
    );
    const record = await store.load('a-federation');
    expect(record?.best).toMatchObject({ round: 3, perplexity: 3 });
    const module = personalModule(record as ClientRecord);
    expect(module).toMatchObject({ round: 3, of: 'received' });
    expectSame(module?.theta as Float32Array, tuner.tunings[2]?.start.theta as Float32Array);
    const last = personalModule({ best: null, tuned: record?.tuned ?? null });
    expect(last).toEqual({ round: 3, of: 'tuned', theta: record?.tuned?.theta });
  });

  it('[PF3] searches once, from the whole of theta zero, with the settings of the federation', async () => {
    const { options, tuner } = await setting(configOf({ search: { iterations: 2, scope: 'global' } }));
    await collect(options());
    expect(tuner.searches).toMatchObject([{ density: 0.5, iterations: 2, scope: 'global', tuning: { epochs: 1 } }]);
  });

  it('[PF3] searches anew when the coordinator asks for it', async () => {
    const { coordinator, options, tuner } = await setting();
    coordinator.searchAnew = true;
    await collect(options());
    expect(tuner.searches.length).toBe(3);
  });

  it('[PF2] wants no more than its own limit', async () => {
    const { coordinator, options, tuner } = await setting();
    const events = await collect(options({ maxDensity: 0.25 }));
    expect(of(events, 'joined')[0]?.density).toBe(0.25);
    expect(tuner.searches[0]?.density).toBe(0.25);
    expect(coordinator.masks.map((mask) => mask.density)).toEqual([0.25]);
  });

  it('[DC1] hands its mask in once, and keeps to it', async () => {
    const { coordinator, options, store } = await setting();
    await collect(options());
    expect(coordinator.masks.length).toBe(1);
    expect((await store.load('a-federation'))?.mask?.equals(coordinator.masks[0] as Mask)).toBe(true);
  });

  it.each(['owned', 'all'] as const)(
    '[PF6] [PF7] gives the same theta as the method by hand (receive: %s)',
    async (receive) => {
      const { coordinator, options } = await setting(configOf({ receive }));
      await collect(options());
      expectSame(coordinator.theta, await byHand([fakeTuner(coordinator.layout, 1)], 3, receive));
    },
  );

  it('[PF7] downloads its slice, or everything, and at version 0 nothing', async () => {
    for (const receive of ['owned', 'all'] as const) {
      const { coordinator, options } = await setting(configOf({ receive }));
      const events = await collect(options());
      const down = of(events, 'transfer').filter(({ direction }) => direction === 'down');
      const kind = receive === 'all' ? 'theta' : 'slice';
      expect(down.map((event) => [event.round, event.kind])).toEqual([2, 3].map((round) => [round, kind]));
      expect(coordinator.requestLog.filter((name) => name === 'download').length).toBe(2);
    }
  });

  it('[PF3] searches with the owners of the last round where the federation has a prior, and at version 0 without', async () => {
    const { coordinator, options, tuner } = await setting(configOf({ search: { prior: 3, everyRounds: 1 } }));
    coordinator.owners = coordinator.owners.map((_, p) => (p % 5) / 4);
    coordinator.searchAnew = true;
    const events = await collect(options());
    const downloads = of(events, 'transfer').filter(({ kind }) => kind === 'owners');
    expect(downloads.map(({ round }) => round)).toEqual([2, 3]);
    expect(downloads[0]?.total).toBe(76 + 4 * coordinator.layout.size);
    expect(tuner.searches.map(({ prior }) => prior)).toEqual([
      undefined,
      { weight: 3, owners: coordinator.owners },
      { weight: 3, owners: coordinator.owners },
    ]);
  });

  it.each([{}, { prior: 0 }])('[PF3] asks for no owners where the search is %j', async (prior) => {
    const { coordinator, options, tuner } = await setting(configOf({ search: { ...prior, everyRounds: 1 } }));
    coordinator.searchAnew = true;
    const events = await collect(options());
    expect(of(events, 'transfer').some(({ kind }) => kind === 'owners')).toBe(false);
    expect(tuner.searches.filter((settings) => 'prior' in settings)).toEqual([]);
    expect(tuner.searches.length).toBe(3);
  });

  it.each([-0.5, 1.5, Number.NaN])('[PF3] does not search by the share %d of owners', async (share) => {
    const { coordinator, options, tuner } = await setting(configOf({ search: { prior: 3, everyRounds: 1 } }));
    coordinator.owners[7] = share;
    coordinator.searchAnew = true;
    const leaving = new AbortController();
    const events = await collect(options({ signal: leaving.signal }), ({ type }) => {
      if (type === 'problem') leaving.abort();
    });
    expect(of(events, 'problem')[0]?.error).toMatchObject({
      code: 'codec-corrupt',
      message: expect.stringMatching(/7/),
    });
    expect(tuner.searches.length).toBe(1);
  });

  it('[PF8] reports perplexities, losses and their progress only where the person agrees', async () => {
    for (const shareEvaluation of [true, false]) {
      const { coordinator, options } = await setting();
      await collect(options({ shareEvaluation }));
      for (const { announce } of coordinator.accepted) {
        if (announce.kind !== 'delta') continue;
        expect(announce.report.examples).toBe(11);
        expect(announce.report.steps).toBe(6);
        expect(announce.report.perplexity !== undefined).toBe(shareEvaluation);
        expect(announce.report.loss !== undefined).toBe(shareEvaluation);
      }
      expect(coordinator.progress.length).toBeGreaterThan(3);
      expect(coordinator.progress.some((notice) => 'loss' in (notice as object))).toBe(shareEvaluation);
    }
  });

  it('says with every ready what the person agreed to, and nothing where nobody was asked', async () => {
    const consent = { version: 'c0ffee', at: '2026-11-23T04:00:00.000Z' };
    for (const agreed of [{ consent }, {}]) {
      const { coordinator, options } = await setting();
      await collect(options(agreed));
      expect(coordinator.readies.length).toBeGreaterThan(0);
      for (const ready of coordinator.readies) expect(ready.consent).toEqual(agreed.consent);
    }
  });

  it('[UP2] sends what is longer than a chunk in chunks, each acknowledged', async () => {
    const { coordinator, options } = await settingOfManyChunks();
    const events = await collect(options());
    expect(events.at(-1)?.type).toBe('finished');
    const up = of(events, 'transfer')
      .filter((event) => event.kind === 'delta')
      .map((event) => event.bytes);
    const total = 76 + 4 * (coordinator.masks[0] as Mask).kept;
    expect(up).toEqual([0, 256 * 1024, total]);
  });

  it('[DC2] works in f16, from what it received', async () => {
    const { coordinator, options } = await setting(configOf({ wire: { dtype: 'f16' } }));
    await collect(options());
    expect(coordinator.version).toBe(3);
    const exact = await byHand([fakeTuner(coordinator.layout, 1)], 3, 'owned');
    const worst = exact.reduce(
      (most, value, p) => Math.max(most, Math.abs(value - (coordinator.theta[p] as number))),
      0,
    );
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(2e-3);
  });
});

describe('deltas in int8', () => {
  const int8 = () => configOf({ wire: { dtype: 'int8' } });
  const lossless = async () => {
    const { coordinator, options } = await setting(int8());
    await collect(options());
    return coordinator;
  };

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
    const { residual } = (await store.load('a-federation')) ?? {};
    if (!residual) expect.fail('nothing is owed');
    expect(residual.round).toBe(3);
    const start = initialTheta(coordinator.layout, 1);
    const owed = residual.mask.unpack(residual.after);
    expect(owed.some((value) => value !== 0)).toBe(true);
    for (const p of residual.mask.positions()) {
      const missing = (start[p] as number) + (learned[p] as number) - (coordinator.theta[p] as number);
      expect(missing).toBeCloseTo(owed[p] as number, 6);
    }
  });

  it.each(['f32', 'f16'] as const)('[DC2] nothing is kept for %s', async (dtype) => {
    const { options, store } = await setting(configOf({ wire: { dtype } }));
    await collect(options());
    expect((await store.load('a-federation'))?.residual).toBe(null);
  });

  it('[DC2] go up in int8, and what comes down is f16', async () => {
    const { coordinator, options } = await setting(int8());
    const events = await collect(options());
    const { kept } = coordinator.masks[0] as Mask;
    const last = (kind: 'delta' | 'slice') =>
      of(events, 'transfer')
        .filter((event) => event.kind === kind)
        .at(-1)?.total;
    expect(last('delta')).toBe(76 + kept + 4 * Math.ceil(kept / 64));
    expect(last('slice')).toBe(76 + 2 * kept);
  });

  it('[HS3] [UP4] neither a loss nor the end of the tab at any one request, its answer under way, changes the result', async () => {
    const expected = await lossless();
    const requests = expected.requestLog.length;
    for (const fate of ['request-lost', 'answer-lost'] as const) {
      for (const isGone of [false, true]) {
        for (let lost = 0; lost < requests; lost++) {
          const { coordinator, options } = await setting(int8());
          coordinator.fate = (index) => (index === lost ? fate : 'arrives');
          coordinator.onRequest = () => {
            if (isGone && coordinator.requestLog.length === lost + 2) throw new Error('the tab is gone');
          };
          while (!(await outlives(options())));
          expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 2, 3]);
          expectSame(coordinator.theta, expected.theta);
        }
      }
    }
  });

  it('[UP5] one that came too late leaves owed what was owed', async () => {
    const { coordinator, options, store } = await setting(int8());
    const residuals = residualsOf(store);
    coordinator.fate = (_index, name) => {
      // The mask's complete comes first, then the first round's.
      const completes = coordinator.requestLog.filter((each) => each === 'complete').length;
      if (name === 'complete' && completes === 3) coordinator.commit();
      return 'arrives';
    };
    const events = await collect(options());
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(['round-closed']);
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 3]);
    const [first, second, third] = [1, 2, 3].map((round) => residuals.get(round) as Residual);
    expect(second?.before).toEqual(first?.after);
    expect(second?.after).not.toEqual(first?.after);
    expect(third?.before).toEqual(first?.after);
  });

  it('[RD5] one that is asked for again has the same bytes', async () => {
    const { coordinator, options } = await setting(int8());
    const handle = vi.spyOn(coordinator, 'handle');
    coordinator.fate = (_index, name) => {
      const completes = coordinator.requestLog.filter((each) => each === 'complete').length;
      return name === 'complete' && completes === 3 ? { refuse: 'round-closed' } : 'arrives';
    };
    await collect(options(), (event) => {
      if (event.type === 'problem') setImmediate(() => coordinator.failAttempt('too few'));
    });
    const announced = handle.mock.calls
      .map(([, message]) => message as { kind?: string; round: number; attempt: number; sha256: string })
      .filter(({ kind }) => kind === 'delta');
    expect(announced.map(({ round, attempt }) => [round, attempt])).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
      [3, 1],
    ]);
    expect(announced[2]?.sha256).toBe(announced[1]?.sha256);
    expectSame(coordinator.theta, (await lossless()).theta);
  });
});

describe.each(strategyNames)('with the strategy %s', (strategy) => {
  it('takes two clients through three rounds, and every one keeps a personal module', async () => {
    const config = configOf({ strategy, schedule: { rounds: 3, goal: 2, minimum: 2, recruit: 2 } });
    const ada = await setting(config);
    const bea = await clientOf(ada.coordinator, 2);
    const [events] = await Promise.all([collect(ada.options()), collect(bea.options())]);
    expect(events.at(-1)).toMatchObject({ type: 'finished', status: { version: 3 } });
    expect(ada.coordinator.accepted.length).toBe(6);
    for (const { store, tuner } of [ada, bea]) {
      const tuned = (await store.load('a-federation'))?.tuned;
      expect(tuned?.round).toBe(3);
      const theta = tuned?.theta ?? null;
      expect(await tuner.perplexity(theta)).toBeLessThan(await tuner.perplexity(null));
    }
    const hasMoved = ada.coordinator.theta.some((value, p) => value !== initialTheta(ada.coordinator.layout, 1)[p]);
    expect(hasMoved).toBe(strategy !== 'local');
  });
});

describe('lost connections', () => {
  const lossless = async () => {
    const { coordinator, options } = await setting();
    await collect(options());
    return coordinator;
  };

  it('[HS3] [UP2] [UP4] a loss at any one request changes nothing of the result', async () => {
    const expected = await lossless();
    const requests = expected.requestLog.length;
    expect(requests).toBeGreaterThan(15);
    for (const fate of ['request-lost', 'answer-lost'] as const) {
      for (let lost = 0; lost < requests; lost++) {
        const { coordinator, options } = await setting();
        coordinator.fate = (index) => (index === lost ? fate : 'arrives');
        const events = await collect(options());
        expect([fate, lost, events.at(-1)?.type]).toEqual([fate, lost, 'finished']);
        expect(of(events, 'connection').filter(({ state }) => state === 'lost').length).toBe(1);
        expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 2, 3]);
        expectSame(coordinator.theta, expected.theta);
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
        coordinator.fate = (_index, name) => {
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
        expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 2, 3]);
        expectSame(coordinator.theta, expected.theta);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on tuning while the connection is lost', async () => {
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

  it('waits longer after every failure, up to half a minute, and not the same as others', async () => {
    const { coordinator, options, clock } = await setting();
    const connection = coordinator.connection();
    connection.refusals = 10;
    await collect(options({ connection }));
    expect(clock.slept.length).toBe(10);
    clock.slept.forEach((wait, i) => {
      const longest = Math.min(30_000, 500 * 2 ** i);
      expect(wait).toBeGreaterThanOrEqual(longest / 2);
      expect(wait).toBeLessThanOrEqual(longest);
    });
    expect(new Set(clock.slept.slice(6)).size).toBe(4);
  });

  it('[UP2] resumes a broken upload at the offset of the server', async () => {
    const { coordinator, options } = await settingOfManyChunks();
    let chunks = 0;
    coordinator.fate = (_index, name) => {
      if (name !== 'chunk') return 'arrives';
      chunks++;
      // The first is the mask's; the second arrives, and nobody hears of it.
      return chunks === 2 ? 'answer-lost' : 'arrives';
    };
    const events = await collect(options());
    expect(events.at(-1)?.type).toBe('finished');
    expect(chunks).toBe(3);
    const up = of(events, 'transfer')
      .filter((event) => event.kind === 'delta')
      .map((event) => event.bytes);
    expect(up.slice(0, 2)).toEqual([0, 256 * 1024]);
  });
});

describe('several clients', () => {
  it('[PF6] [HS3] [UP4] losses, crashes and reloads of all of them change nothing of the result (fuzzed)', async () => {
    const seeds = [1, 2, 3];
    const config = configOf({ schedule: { rounds: 3, goal: 3, minimum: 3, recruit: 3 } });
    const layout = layoutOf(config, dimensions);
    const expected = await byHand(
      seeds.map((seed) => fakeTuner(layout, seed)),
      3,
      'owned',
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.double({ min: 0, max: 0.25, noNaN: true }), async (seed, rate) => {
        const random = seededRandom(seed);
        const coordinator = await new FakeCoordinator(config, layout).open();
        coordinator.fate = () => (random() > rate ? 'arrives' : random() < 0.5 ? 'request-lost' : 'answer-lost');
        await Promise.all(
          seeds.map(async (own) => {
            const { options, tuner } = await clientOf(coordinator, own);
            tuner.onStep = () => {
              if (random() < rate / 4) throw new Error('the tab is gone');
            };
            while (!(await outlives(options())));
          }),
        );
        expect(coordinator.accepted.length).toBe(9);
        const worst = expected.reduce(
          (most, value, p) => Math.max(most, Math.abs(value - (coordinator.theta[p] as number))),
          0,
        );
        // Sums are as exact as binary64 in whatever order they were made.
        expect(worst).toBeLessThan(1e-6);
      }),
      { numRuns: 25 },
    );
  });

  it('[PF7] one that comes late searches from the theta that is there', async () => {
    const ada = await setting();
    let late: Promise<ClientEvent[]> | null = null;
    const bea = await clientOf(ada.coordinator, 2);
    const searchedFrom: Float32Array[] = [];
    const { search } = bea.tuner;
    bea.tuner.search = (start, settings, signal) => {
      searchedFrom.push(start.theta.slice());
      return search.call(bea.tuner, start, settings, signal);
    };
    let committed: Float32Array | null = null;
    await collect(ada.options(), (event) => {
      if (event.type !== 'round-closed' || late) return;
      committed = ada.coordinator.theta.slice();
      late = collect(bea.options());
    });
    const events = await (late as unknown as Promise<ClientEvent[]>);
    expect(events.at(-1)?.type).toBe('finished');
    expectSame(searchedFrom[0] as Float32Array, committed as unknown as Float32Array);
    expect(of(events, 'transfer').some(({ kind }) => kind === 'theta')).toBe(true);
  });
});

describe('what the coordinator may do', () => {
  it('[HS3] a key that comes back elsewhere ends this client as replaced', async () => {
    const { coordinator, options, tuner } = await setting();
    let isOther = false;
    tuner.onStep = async () => {
      if (isOther) return;
      isOther = true;
      const [client] = coordinator.clients.values();
      client?.connection?.replace();
    };
    const events = await collect(options());
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'replaced' });
    expect(coordinator.accepted).toEqual([]);
  });

  it('[RD2] abandons a round that is closed while it tunes, and takes the next', async () => {
    const { coordinator, options, tuner } = await setting();
    tuner.onStep = (step) => {
      if (step === 3 && coordinator.version === 0) coordinator.commit();
    };
    const events = await collect(options());
    expect(events.at(-1)?.type).toBe('finished');
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([2, 3]);
    expect(of(events, 'submitted').map(({ round }) => round)).toEqual([2, 3]);
    expect(of(events, 'problem')).toEqual([]);
  });

  it('[RD2] works on through a failed attempt: a repeat starts from the same theta', async () => {
    const { coordinator, options, tuner } = await setting();
    tuner.onStep = (step) => {
      if (step === 5 && coordinator.attempt === 1 && coordinator.version === 0) coordinator.failAttempt('too few');
    };
    const events = await collect(options());
    const started = of(events, 'round-started').map(({ round, attempt }) => [round, attempt]);
    expect(started).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [3, 1],
    ]);
    expect(tuner.tunings.length).toBe(3);
    expectSame(coordinator.theta, await byHand([fakeTuner(coordinator.layout, 1)], 3, 'owned'));
  });

  it('[UP4] [RD5] submits again what the operator discarded before it was answered', async () => {
    const { coordinator, options, tuner } = await setting();
    coordinator.isHasty = true;
    coordinator.repeatsOnce = true;
    const events = await collect(options());
    expect(of(events, 'round-started').map(({ round, attempt }) => [round, attempt])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [3, 1],
    ]);
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(tuner.tunings.length).toBe(3);
    expectSame(coordinator.theta, await byHand([fakeTuner(coordinator.layout, 1)], 3, 'owned'));
  });

  it('[RD3] tells of its last submission even where the federation ends before the answer', async () => {
    const { coordinator, options } = await setting();
    coordinator.isHasty = true;
    const events = await collect(options());
    expect(of(events, 'submitted').map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(events.at(-1)?.type).toBe('finished');
  });

  it('[UP5] shows that an answer came too late, and waits for the next round', async () => {
    const { coordinator, options } = await setting();
    let isLate = false;
    coordinator.fate = (_index, name) => {
      if (name !== 'complete' || coordinator.masks.length === 0 || isLate) return 'arrives';
      isLate = true;
      coordinator.commit();
      return 'arrives';
    };
    const events = await collect(options());
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(['round-closed']);
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([2, 3]);
    expect(events.at(-1)?.type).toBe('finished');
  });

  it('[UP3] shows why a delta is refused, does not send it again, and waits for the next round', async () => {
    const { coordinator, options, tuner, store } = await setting(configOf({ maxDeltaNorm: 1e-3 }));
    const connection = coordinator.connection();
    const events = await collect(options({ connection }), (event) => {
      // Comes back within the round, and is offered it again.
      if (event.type === 'problem') connection.lose();
      if (event.type === 'joined' && coordinator.requestLog.includes('complete')) {
        setImmediate(() => coordinator.commit());
      }
    });
    expect(of(events, 'joined').length).toBe(4);
    expect(of(events, 'round-started').map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(Array(3).fill('delta-norm'));
    expect(tuner.tunings.length).toBe(3);
    expect(coordinator.accepted).toEqual([]);
    expect((await store.load('a-federation'))?.tuned?.round).toBe(3);
  });

  it('does not keep or send a result that is not finite', async () => {
    const { coordinator, options, tuner, store } = await setting();
    const { tune } = tuner;
    tuner.tune = async function* (start, settings, signal) {
      const tuned = yield* tune.call(tuner, start, settings, signal);
      if (tuner.tunings.length === 2) tuned.theta[3] = Number.NaN;
      return tuned;
    };
    const events = await collect(options(), (event) => {
      if (event.type === 'problem') coordinator.commit();
    });
    expect(of(events, 'problem').map(({ error }) => error.code)).toEqual(['delta-not-finite']);
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 3]);
    expect((await store.load('a-federation'))?.tuned?.theta.every((value) => Number.isFinite(value))).toBe(true);
  });

  it('[HS1] joins although the coordinator has its own trouble at every stage', async () => {
    const { coordinator, options } = await setting();
    const troubled = new Set<string>();
    coordinator.fate = (_index, name) => {
      if (!['hello', 'prove', 'ready'].includes(name) || troubled.has(name)) return 'arrives';
      troubled.add(name);
      return { refuse: 'storage-failed' };
    };
    const events = await collect(options());
    expect(events.at(-1)?.type).toBe('finished');
    expect(coordinator.requestLog.slice(0, 7)).toEqual(['hello', 'hello', 'prove', 'hello', 'prove', 'ready', 'ready']);
  });

  it('throws what keeps it out, and hangs up', async () => {
    const { coordinator, options } = await setting(configOf({ access: 'invite' }));
    const connection = coordinator.connection();
    await expect(collect(options({ connection }))).rejects.toMatchObject({ code: 'invite-invalid' });
    expect(connection.isClosed).toBe(true);
    const { options: other } = await setting();
    await expect(collect(other({ federation: 'another' }))).rejects.toMatchObject({ code: 'unknown-federation' });
    const invited = await setting(configOf({ access: 'invite' }));
    expect((await collect(invited.options({ invite: 'come-in' }))).at(-1)?.type).toBe('finished');
  });

  it('[PF1] does not take part with another layout than the federation has', async () => {
    const { options, coordinator } = await setting();
    const other: Layout = layoutOf(configOf({ lora: { rank: 3 } }), dimensions);
    const connection = coordinator.connection();
    const joining = collect(options({ connection, tuner: async () => fakeTuner(other, 1) }));
    await expect(joining).rejects.toMatchObject({ code: 'codec-layout' });
    expect(connection.isClosed).toBe(true);
  });
});

describe('what a person may do', () => {
  it.each([1, 3, 5])('reloads at step %i, and takes up the round from the checkpoint', async (crash) => {
    const { coordinator, options, tuner } = await setting();
    tuner.onStep = (step) => {
      if (step === crash) throw new Error('the tab is gone');
    };
    await expect(collect(options())).rejects.toThrow('the tab is gone');
    tuner.onStep = () => {};
    const events = await collect(options());
    expect(of(events, 'joined')[0]?.resumed).toBe(true);
    expect(tuner.searches.length).toBe(1);
    expect(tuner.tunings[1]?.start.checkpoint?.step).toBe(crash === 1 ? undefined : crash - 1);
    expect(coordinator.requestLog.filter((name) => name === 'download').length).toBe(2);
    expectSame(coordinator.theta, await byHand([fakeTuner(coordinator.layout, 1)], 3, 'owned'));
  });

  it.each(['warm-up', 'pruning'] as const)(
    '[PF3] reloads in the %s of a search, and goes on from its checkpoint',
    async (crash) => {
      const { coordinator, options, tuner, store } = await setting();
      tuner.onSearchStep = (part) => {
        if (part === crash) throw new Error('the tab is gone');
      };
      await expect(collect(options())).rejects.toThrow('the tab is gone');
      tuner.onSearchStep = () => {};
      await collect(options());
      expect(tuner.searchStarts[1]?.checkpoint?.part).toBe(crash === 'warm-up' ? undefined : 'pruning');
      expect((await store.load('a-federation'))?.search).toBe(null);
      expectSame(coordinator.theta, await byHand([fakeTuner(coordinator.layout, 1)], 3, 'owned'));
    },
  );

  it('[PF3] reloads between search and tuning, and still has what the warm-up tuned', async () => {
    const config = configOf({ search: { rewind: false } });
    const lossless = await setting(config);
    await collect(lossless.options());
    const { coordinator, options, tuner } = await setting(config);
    coordinator.onRequest = (name) => {
      if (name === 'announce') throw new Error('the tab is gone');
    };
    await expect(collect(options())).rejects.toThrow('the tab is gone');
    coordinator.onRequest = () => {};
    await collect(options());
    expect(tuner.searches.length).toBe(1);
    expectSame(coordinator.theta, lossless.coordinator.theta);
  });

  it('[PF3] does not go on with a search of a round that is over', async () => {
    const { coordinator, options, tuner } = await setting();
    let isOver = false;
    tuner.onSearchStep = (part) => {
      if (part !== 'pruning' || isOver) return;
      isOver = true;
      coordinator.commit();
    };
    await collect(options());
    expect(tuner.searchStarts.map(({ checkpoint }) => checkpoint)).toEqual([undefined, undefined]);
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([2, 3]);
  });

  it('pauses after the present step, and goes on at the very next one', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    const steps: number[] = [];
    let beforeRelease = 0;
    tuner.onStep = (step) => {
      steps.push(step);
      if (steps.length === 3) pause.hold();
    };
    const events = await collect(options({ pause }), (event) => {
      if (event.type !== 'paused') return;
      setImmediate(() => {
        beforeRelease = steps.length;
        pause.release();
      });
    });
    expect(beforeRelease).toBe(3);
    expect(events.filter(({ type }) => type === 'paused' || type === 'resumed').map(({ type }) => type)).toEqual([
      'paused',
      'resumed',
    ]);
    expect(steps.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(coordinator.progress).toContainEqual({ round: 1, phase: 'paused', done: 0 });
    expectSame(coordinator.theta, await byHand([fakeTuner(coordinator.layout, 1)], 3, 'owned'));
  });

  it('pauses in a search and in an evaluation too, and ends as if it had not', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    const { perplexity } = tuner;
    let asked = 0;
    tuner.perplexity = async (theta, signal) => {
      // The second evaluation is broken off, and begun again.
      if (++asked === 2) pause.hold();
      signal?.throwIfAborted();
      return perplexity.call(tuner, theta, signal);
    };
    tuner.onSearchStep = (part) => {
      if (part === 'pruning') pause.hold();
    };
    const events = await collect(options({ pause }), (event) => {
      if (event.type === 'paused') pause.release();
    });
    expect(of(events, 'paused').length + of(events, 'resumed').length).toBe(4);
    // Base, and received and tuned of three rounds, and the one that was broken off.
    expect(asked).toBe(1 + 6 + 1);
    expectSame(coordinator.theta, await byHand([fakeTuner(coordinator.layout, 1)], 3, 'owned'));
  });

  it('[RD2] misses a round that closes while it is paused, and takes the next one', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    tuner.onStep = (step) => {
      if (step === 2 && coordinator.version === 0) pause.hold();
    };
    const events = await collect(options({ pause }), (event) => {
      if (event.type === 'paused' && event.round === 1) coordinator.commit();
      if (event.type === 'paused' && event.round === 2) pause.release();
    });
    expect(events.at(-1)?.type).toBe('finished');
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([2, 3]);
  });

  it('begins paused where it is told to, joins, and leaves from there', async () => {
    const { coordinator, options, tuner } = await setting();
    const pause = new Pause();
    pause.hold();
    const leaving = new AbortController();
    const events = await collect(options({ pause, signal: leaving.signal }), ({ type }) => {
      if (type === 'paused') leaving.abort();
    });
    expect(of(events, 'joined').length).toBe(1);
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'asked' });
    expect(coordinator.requestLog.at(-1)).toBe('leave');
    expect(tuner.searches).toEqual([]);
  });

  it('reloads between tuning and upload, and only uploads', async () => {
    const { coordinator, options, tuner } = await setting();
    coordinator.onRequest = (name) => {
      if (name === 'announce' && coordinator.masks.length === 1) throw new Error('the tab is gone');
    };
    await expect(collect(options())).rejects.toThrow('the tab is gone');
    coordinator.onRequest = () => {};
    await collect(options());
    expect(tuner.tunings.length).toBe(3);
    expect(coordinator.accepted.map(({ round }) => round)).toEqual([1, 2, 3]);
  });

  it('leaves when asked, in the middle of a step too, and says so', async () => {
    const { coordinator, options, tuner } = await setting();
    const leaving = new AbortController();
    tuner.onStep = (step) => {
      if (step === 2) leaving.abort();
    };
    const connection = coordinator.connection();
    const events = await collect(options({ connection, signal: leaving.signal }));
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'asked' });
    expect(coordinator.requestLog.at(-1)).toBe('leave');
    expect(connection.isClosed).toBe(true);
    expect(coordinator.accepted).toEqual([]);
  });

  it('leaves while the model is still loading', async () => {
    const { options } = await setting();
    const leaving = new AbortController();
    const connection = (await setting()).coordinator.connection();
    const tuner = () => {
      leaving.abort();
      return new Promise<never>(() => {});
    };
    const events = await collect(options({ connection, tuner, signal: leaving.signal }));
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'asked' });
    expect(connection.isClosed).toBe(true);
  });

  it('throws what the loading of the model threw', async () => {
    const { options, coordinator } = await setting();
    const connection = coordinator.connection();
    const tuner = async () => {
      throw new Error('no such file');
    };
    await expect(collect(options({ connection, tuner }))).rejects.toThrow('no such file');
    expect(connection.isClosed).toBe(true);
  });

  it('[PF2] comes back on a smaller device, and searches a smaller mask', async () => {
    const { coordinator, options, tuner } = await setting();
    tuner.onStep = () => {
      throw new Error('the tab is gone');
    };
    await expect(collect(options())).rejects.toThrow('the tab is gone');
    tuner.onStep = () => {};
    await collect(options({ maxDensity: 0.125 }));
    expect(coordinator.masks.map(({ density }) => density)).toEqual([0.5, 0.125]);
    expect(coordinator.accepted.length).toBe(3);
  });

  it('stops when nobody listens any more', async () => {
    const { coordinator, options } = await setting();
    const connection = coordinator.connection();
    for await (const event of runClient(options({ connection }))) if (event.type === 'tuning') break;
    expect(connection.isClosed).toBe(true);
    expect(coordinator.accepted).toEqual([]);
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
    await store.save('a-federation', {
      layoutHash: '0'.repeat(64),
      mask: Mask.full(size),
      maskRound: 1,
      tuned: { round: 1, theta: new Float32Array(size) },
      best: null,
      basePerplexity: 2,
      inProgress: null,
      search: null,
      residual: null,
    });
    await collect(options());
    expect(tuner.searches.length).toBe(1);
    expect(coordinator.version).toBe(3);
  });
});
