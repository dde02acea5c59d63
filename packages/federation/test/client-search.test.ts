import { decodeValues, encodeValues, maskHash, sha256Hex, type ValueOf } from '@perfit/protocol';
import { layoutHash, Mask } from '@perfit/protocol/space';
import { expectSame, type ScriptedTuner } from '@perfit/testkit';
import { describe, expect, it } from 'vitest';
import type { ClientEvent } from '../src/index.ts';
import { type CoordinatorStage, FEDERATION } from './coordinator-stage.ts';
import { alone, clientOf, collect, configOf, of, roundsOf, setting, TabGone } from './staged-client.ts';

describe('the search of a client', () => {
  it('[PF3] searches once, from the whole of theta zero, with the settings of the federation', async () => {
    const { options, tuner } = await setting(configOf({ search: { iterations: 2, scope: 'global' } }));
    await collect(options());
    expect(tuner.searches).toMatchObject([{ density: 0.5, iterations: 2, scope: 'global', tuning: { epochs: 1 } }]);
  });

  it('[PF3] searches anew when the coordinator asks for it', async () => {
    const { options, tuner } = await setting(configOf({ search: { everyRounds: 1 } }));
    await collect(options());
    expect(tuner.searches.length).toBe(3);
  });

  it('[PF2] wants no more than its own limit', async () => {
    const { coordinator, options, tuner } = await setting();
    const events = await collect(options({ maxDensity: 0.25 }));
    expect(of(events, 'joined')[0]?.density).toBe(0.25);
    expect(tuner.searches[0]?.density).toBe(0.25);
    expect(await densities(coordinator)).toEqual([0.25]);
  });

  it('[PF2] comes back on a smaller device, and searches a smaller mask', async () => {
    const { coordinator, options, tuner } = await setting();
    tuner.onStep = () => {
      throw new TabGone();
    };
    await expect(collect(options())).rejects.toThrow(TabGone);
    tuner.onStep = () => {};
    await collect(options({ maxDensity: 0.125 }));
    expect(await densities(coordinator)).toEqual([0.5, 0.125]);
    expect(await coordinator.acceptedRounds()).toEqual([1, 2, 3]);
  });

  it('[DC1] hands its mask in once, and keeps to it', async () => {
    const { coordinator, options, store } = await setting();
    await collect(options());
    const own = (await store.load(FEDERATION))?.mask as Mask;
    expect(await coordinator.masks()).toMatchObject([{ kept: own.kept, hash: await maskHash(own) }]);
    expect(coordinator.sent('announce').filter(({ kind }) => kind === 'mask').length).toBe(1);
  });

  it('[PF7] one that comes late searches from the theta that is there', async () => {
    // Rounds that one client alone can close in the end, and two at once.
    const ada = await setting(configOf({ schedule: { ...roundsOf(1), goal: 2 } }));
    const { coordinator } = ada;
    const bea = await clientOf(coordinator, 2);
    const searchedFrom: Float32Array[] = [];
    const { search } = bea.tuner;
    bea.tuner.search = (start, settings, signal) => {
      searchedFrom.push(start.theta.slice());
      return search.call(bea.tuner, start, settings, signal);
    };
    let late: Promise<ClientEvent[]> | null = null;
    let committed: Float32Array | null = null;
    await collect(ada.options(), async (event) => {
      if (event.type === 'submitted' && event.round === 1) await coordinator.passTime();
      if (event.type !== 'round-closed' || late) return;
      committed = (await coordinator.theta()).slice();
      late = collect(bea.options());
    });
    const events = await (late as unknown as Promise<ClientEvent[]>);
    expect(events.at(-1)?.type).toBe('finished');
    expectSame(searchedFrom[0] as Float32Array, committed as unknown as Float32Array);
    expect(of(events, 'transfer').some(({ kind }) => kind === 'theta')).toBe(true);
    expect(await coordinator.acceptedRounds()).toEqual([1, 2, 2, 3, 3]);
  });
});

describe('the owners that a search may prefer', () => {
  it('[PF3] searches with the owners of the last round where the federation has a prior, and at version 0 without', async () => {
    const ada = await setting(configOf({ search: { prior: 3, everyRounds: 1 }, schedule: roundsOf(2) }));
    const { coordinator } = ada;
    const bea = await clientOf(coordinator, 2);
    const [events] = await Promise.all([collect(ada.options()), collect(bea.options())]);
    const downloads = of(events, 'transfer').filter(({ kind }) => kind === 'owners');
    expect(downloads.map(({ round }) => round)).toEqual([2, 3]);
    expect(downloads[0]?.total).toBe(76 + 4 * coordinator.layout.size);
    const ownersOf = (round: number) => {
      const masks = [ada, bea].map(({ tuner }) => maskOf(tuner, round));
      return Float32Array.from({ length: coordinator.layout.size }, (_, p) => {
        return masks.filter((mask) => mask.has(p)).length / masks.length;
      });
    };
    expect([...new Set(ownersOf(1))].sort()).toEqual([0, 0.5, 1]);
    for (const { tuner } of [ada, bea]) {
      expect(tuner.searches.map(({ prior }) => prior)).toEqual([
        undefined,
        { weight: 3, owners: ownersOf(1) },
        { weight: 3, owners: ownersOf(2) },
      ]);
    }
  });

  it.each([{}, { prior: 0 }])('[PF3] asks for no owners where the search is %j', async (prior) => {
    const { options, tuner } = await setting(configOf({ search: { ...prior, everyRounds: 1 } }));
    const events = await collect(options());
    expect(of(events, 'transfer').some(({ kind }) => kind === 'owners')).toBe(false);
    expect(tuner.searches.filter((settings) => 'prior' in settings)).toEqual([]);
    expect(tuner.searches.length).toBe(3);
  });

  it.each([-0.5, 1.5, Number.NaN])('[PF3] does not search by the share %d of owners', async (share) => {
    const { coordinator, options, tuner } = await setting(configOf({ search: { prior: 3, everyRounds: 1 } }));
    coordinator.fate = ({ message }) => {
      if (!('what' in message) || message.what !== 'owners') return 'arrives';
      return { falsify: (answer) => withShareAt7(answer, share, coordinator) };
    };
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
});

describe('a search that is interrupted', () => {
  it.each(['warm-up', 'pruning'] as const)(
    '[PF3] reloads in the %s of a search, and goes on from its checkpoint',
    async (crash) => {
      const { coordinator, options, tuner, store } = await setting();
      tuner.onSearchStep = (part) => {
        if (part === crash) throw new TabGone();
      };
      await expect(collect(options())).rejects.toThrow(TabGone);
      tuner.onSearchStep = () => {};
      await collect(options());
      expect(tuner.searchStarts[1]?.checkpoint?.part).toBe(crash === 'warm-up' ? undefined : 'pruning');
      expect((await store.load(FEDERATION))?.search).toBe(null);
      expectSame(await coordinator.theta(), await alone(coordinator));
    },
  );

  it('[PF3] reloads between search and tuning, and still has what the warm-up tuned', async () => {
    const config = configOf({ search: { rewind: false } });
    const lossless = await setting(config);
    await collect(lossless.options());
    const { coordinator, options, tuner } = await setting(config);
    coordinator.onRequest = ({ name }) => {
      if (name === 'announce') throw new TabGone();
    };
    await expect(collect(options())).rejects.toThrow(TabGone);
    coordinator.onRequest = () => {};
    await collect(options());
    expect(tuner.searches.length).toBe(1);
    expectSame(await coordinator.theta(), await lossless.coordinator.theta());
  });

  it('[PF3] does not go on with a search of a round that is over', async () => {
    const { coordinator, options, tuner } = await setting();
    let isOver = false;
    tuner.onSearchStep = async (part) => {
      if (part !== 'pruning' || isOver) return;
      isOver = true;
      await coordinator.act('skip');
    };
    await collect(options());
    expect(tuner.searchStarts.map(({ checkpoint }) => checkpoint)).toEqual([undefined, undefined]);
    expect(await coordinator.acceptedRounds()).toEqual([2, 3]);
  });
});

/** Of every mask that was taken. */
async function densities(coordinator: CoordinatorStage): Promise<number[]> {
  return (await coordinator.masks()).map(({ kept }) => kept / coordinator.layout.size);
}

/** What a client owned in a round; it tuned in each. */
function maskOf(tuner: ScriptedTuner, round: number): Mask {
  return (tuner.tunings[round - 1] as ScriptedTuner['tunings'][number]).start.mask;
}

/** The same owners, but for one position. */
async function withShareAt7(
  { data }: ValueOf<'download'>,
  share: number,
  { layout }: CoordinatorStage,
): Promise<ValueOf<'download'>> {
  const owner = { layoutHash: await layoutHash(layout), maskHash: await maskHash(Mask.full(layout.size)) };
  const values = decodeValues(data, { ...owner, count: layout.size, dtype: 'f32' });
  values[7] = share;
  const bytes = encodeValues(values, 'f32', owner);
  return { data: bytes, total: bytes.length, sha256: await sha256Hex(bytes) };
}
