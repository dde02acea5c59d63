import { aggregate } from '@perfit/federation';
import { initialTheta } from '@perfit/protocol/space';
import { ScriptedClient, smallFederation } from '@perfit/testkit';
import { makeFolders, startCoordinator } from '@perfit/testkit/coordinator';
import { expect, it, vi } from 'vitest';
import { needsPostgres } from '../../../testing/needs.ts';
import { startPostgres } from './postgres-server.ts';

// Starts take seconds where other tests keep both cores busy.
vi.setConfig({ testTimeout: 90_000 });

it('a Postgres server keeps what the embedded database keeps, also over a restart', needsPostgres(), async () => {
  const folders = await makeFolders();
  const postgres = await startPostgres();
  try {
    const first = await startCoordinator(folders, { databaseUrl: postgres.url });
    const { id, invite } = await first.createFederation(smallFederation, { start: true });
    const a = await ScriptedClient.join(first.url, { federation: id, invite, ready: { name: 'Ada' } });
    const b = await ScriptedClient.join(first.url, { federation: id, invite, ready: { name: 'Bob' } });
    const [one, two] = [a.draw(1), b.draw(2)];
    await a.sendMask(one.mask);
    const receipt = await a.sendDelta(one.mask, one.values);
    await first.close();

    const second = await startCoordinator(folders, { databaseUrl: postgres.url });
    const aBack = await ScriptedClient.join(second.url, { federation: id }, a.identity);
    expect(aBack.welcome?.standing.lastSubmission).toBe(1);
    expect(await aBack.sendDelta(one.mask, one.values)).toEqual(receipt);
    const bBack = await ScriptedClient.join(second.url, { federation: id }, b.identity);
    await bBack.sendMask(two.mask);
    await bBack.sendDelta(two.mask, two.values);
    await aBack.hear('closed');
    const expected = aggregate(initialTheta(aBack.layout, 1), [
      { mask: one.mask, delta: one.values, weight: 50 },
      { mask: two.mask, delta: two.values, weight: 50 },
    ]);
    expect(await second.globalTheta(id)).toEqual(expected);
    const { clients, events, invites } = await second.detail(id);
    expect(clients.map((client) => client.id).sort()).toEqual([a.id, b.id].sort());
    expect(invites).toMatchObject([{ uses: 2 }]);
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, i) => i + 1));
    // Its blobs and deltas lie in this data directory: a coordinator with another one must not touch the database.
    const elsewhere = await makeFolders();
    await expect(startCoordinator(elsewhere, { databaseUrl: postgres.url })).rejects.toMatchObject({
      code: 'database',
      message: expect.stringMatching(/another coordinator/),
    });
    await elsewhere.remove();
    aBack.close();
    bBack.close();
    await second.close();
  } finally {
    postgres.stop();
    await folders.remove();
  }
});
