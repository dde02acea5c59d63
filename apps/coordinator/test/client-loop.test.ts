import { layoutOf, strategyOf } from '@perfit/federation';
import type { FederationConfigInput } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import { participate, type ScriptedTuner, scriptedTuner, smallFederation, tinyDimensions } from '@perfit/testkit';
import { hostCoordinator } from '@perfit/testkit/coordinator';
import { describe, expect, it } from 'vitest';
import { seed } from '../../../testing/seed.ts';

const coordinator = hostCoordinator();

/** @returns what the client told of itself, and the tuner that it tuned with */
async function lifeOf(federation: string, invite: string | null, client: number, twin?: 'end') {
  const tuners: ScriptedTuner[] = [];
  const events = participate({
    url: coordinator.url,
    federation,
    invite,
    tuner: async ({ config }) => {
      const tuner = scriptedTuner(layoutOf(config, tinyDimensions), client);
      tuners.push(tuner);
      return tuner;
    },
    seed,
    ...(twin ? { twin } : {}),
  });
  const kinds: string[] = [];
  for await (const event of events) {
    if (event.type === 'problem') throw event.error;
    kinds.push(event.type === 'transfer' ? `${event.direction} ${event.kind}` : event.type);
  }
  return { kinds, tuner: tuners[0] as ScriptedTuner };
}

describe('the client’s loop and the coordinator', () => {
  const strategies = ['perfit', 'fedit', 'fedit+ft', 'local', 'random-mask', 'sub-fedavg', 'ffa', 'fedsa'];
  it.each([
    ...strategies.map((strategy) => [strategy, 'f16'] as const),
    ['perfit', 'int8'] as const,
    ['local', 'int8'] as const,
  ])('finish a federation together: %s in %s', async (strategy, dtype) => {
    const config: FederationConfigInput = { ...smallFederation, strategy, wire: { dtype } };
    const { id, invite } = await coordinator.createFederation(config, { start: true });
    const lives = await Promise.all([lifeOf(id, invite, 1), lifeOf(id, invite, 2)]);
    for (const { kinds } of lives) {
      expect(kinds.filter((kind) => kind === 'submitted')).toHaveLength(2);
      expect(kinds.at(-1)).toBe('finished');
    }
    const detail = await coordinator.detail(id);
    expect(detail.status).toMatchObject({ state: 'finished', version: 2 });
    expect(detail.rounds.map((round) => round.submissions.length)).toEqual([2, 2]);
    const [before, after] = [await coordinator.globalTheta(id, 0), await coordinator.globalTheta(id, 2)];
    const moved = after.filter((value, p) => value !== before[p]).length;
    const exchanges = strategyOf(strategy).exchanged(layoutOf(detail.config, tinyDimensions), Mask.full(after.length), {
      config: detail.config,
      round: 1,
    }).kept;
    expect(moved > 0).toBe(exchanges > 0);
  });

  it('[PF3] search after a shared round with the shares of its owners', async () => {
    const search = { sharedRounds: 1, density: 0.25, prior: 3 };
    const config: FederationConfigInput = { ...smallFederation, search, wire: { dtype: 'int8' } };
    const { id, invite } = await coordinator.createFederation(config, { start: true });
    const lives = await Promise.all([lifeOf(id, invite, 1), lifeOf(id, invite, 2)]);
    for (const { kinds } of lives) {
      expect(kinds.filter((kind) => kind === 'down owners')).toHaveLength(1);
      expect(kinds.at(-1)).toBe('finished');
    }
    // Both owned the first of the four ranks.
    const { size, rank } = layoutOf((await coordinator.detail(id)).config, tinyDimensions);
    for (const { tuner } of lives) {
      const shares = tuner.searches[0]?.prior?.owners as Float32Array;
      expect(tuner.searches).toHaveLength(1);
      expect(shares.length).toBe(size);
      expect(new Set(shares)).toEqual(new Set([0, 1]));
      expect(shares.filter((share) => share === 1).length).toBe(size / rank);
    }
  });

  it('[PF9] shows the operator what joining was worth, of a group that is large enough', async () => {
    const schedule = { ...smallFederation.schedule, recruit: 3, goal: 3, minimum: 3 };
    const { id, invite } = await coordinator.createFederation({ ...smallFederation, schedule }, { start: true });
    await Promise.all([lifeOf(id, invite, 1, 'end'), lifeOf(id, invite, 2, 'end'), lifeOf(id, invite, 3)]);
    // Two of three have compared.
    expect((await coordinator.detail(id)).joining).toBe(null);

    const again = await coordinator.createFederation({ ...smallFederation, schedule }, { start: true });
    await Promise.all([1, 2, 3].map((client) => lifeOf(again.id, again.invite, client, 'end')));
    const { joining } = await coordinator.detail(again.id);
    expect(joining).toMatchObject({ people: 3, ratio: expect.any(Number) });
    expect((joining?.helped ?? 0) + (joining?.didNotHelp ?? 0)).toBeLessThanOrEqual(3);
  });
});
