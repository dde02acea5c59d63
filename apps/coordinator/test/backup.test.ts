import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aggregate } from '@perfit/federation';
import { AdminClient } from '@perfit/protocol/admin';
import { initialTheta } from '@perfit/protocol/space';
import { ScriptedClient, smallFederation } from '@perfit/testkit';
import { makeFolders, operator, startCoordinator } from '@perfit/testkit/coordinator';
import { describe, expect, it, type TestOptions, vi } from 'vitest';
import { needsPostgres } from '../../../testing/needs.ts';
import { restoreBackup } from '../src/index.ts';
import { startPostgres } from './postgres-server.ts';

// Starts take seconds where other tests keep both cores busy.
vi.setConfig({ testTimeout: 120_000 });

const CLIENTS = 6;
const databases: { name: string; isServer: boolean; needs: TestOptions }[] = [
  { name: 'the embedded database', isServer: false, needs: {} },
  { name: 'Postgres', isServer: true, needs: needsPostgres() },
];

async function fetchBackup(url: string): Promise<Uint8Array> {
  const archive = await (await AdminClient.signedIn({ url, fetch }, operator)).backup();
  return new Uint8Array(await new Response(archive).arrayBuffer());
}

describe.each(databases)('a backup amid a round, restored into $name', ({ isServer, needs }) => {
  it('[RD4] [UP4] what was acknowledged counts, and theta is the same', needs, async () => {
    const folders = await makeFolders();
    const first = await startCoordinator(folders);
    const schedule = { rounds: 2, recruit: CLIENTS, goal: CLIENTS, minimum: CLIENTS, deadlineSeconds: 600 };
    const { id } = await first.createFederation({ ...smallFederation, access: 'open', schedule }, { start: true });
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, () => ScriptedClient.join(first.url, { federation: id })),
    );
    const drawn = clients.map((client, i) => client.draw(i));
    const send = async (client: ScriptedClient, i: number, round: number) => {
      const { mask, values } = drawn[i] as (typeof drawn)[number];
      await client.sendMask(mask, round);
      return client.sendDelta(mask, values, { round });
    };
    // The first round is over: its blobs are in the backup. In the second, submissions come while it is made.
    await Promise.all(clients.map((client, i) => send(client, i, 1)));
    await Promise.all(clients.map((client) => client.hear('closed')));
    const [one, two, ...rest] = clients as [ScriptedClient, ScriptedClient, ...ScriptedClient[]];
    const before = await send(one, 0, 2);
    const during = rest.slice(1).map((client, i) => send(client, i + 3, 2));
    const [backup] = await Promise.all([fetchBackup(first.url), send(two, 1, 2), ...during]);
    // It goes on here as if nothing had been.
    await send(rest[0] as ScriptedClient, 2, 2);
    expect(await one.hear('closed')).toMatchObject({ round: 2, outcome: 'committed' });
    const here = await first.globalTheta(id, 2);
    for (const client of clients) client.close();
    await first.close();

    const file = join(folders.root, 'backup.tar');
    await writeFile(file, backup);
    const dataDirectory = join(folders.root, 'elsewhere');
    const server = isServer ? await startPostgres() : null;
    const databaseUrl = server ? { databaseUrl: server.url } : {};
    await restoreBackup({ file, dataDirectory, ...databaseUrl });
    const second = await startCoordinator({ ...folders, dataDirectory }, databaseUrl);
    expect(await second.globalTheta(id, 1)).toEqual(
      aggregate(
        initialTheta(one.layout, 1),
        drawn.map(({ mask, values }) => ({ mask, delta: values, weight: 50 })),
      ),
    );
    const back = await Promise.all(
      clients.map((client) => ScriptedClient.join(second.url, { federation: id }, client.identity)),
    );
    expect(back[0]?.welcome?.standing.lastSubmission).toBe(2);
    // Whoever submitted before it is answered with the receipt, whoever came later submits again.
    expect(await send(back[0] as ScriptedClient, 0, 2)).toEqual(before);
    await Promise.all(back.slice(1).map((client, i) => send(client, i + 1, 2)));
    expect(await back[0]?.hear('closed', ({ round }) => round === 2)).toMatchObject({ outcome: 'committed' });
    const there = await second.globalTheta(id, 2);
    // The same sums in another order: the last bit of a float32 may differ.
    const worst = there.reduce((most, value, p) => Math.max(most, Math.abs(value - (here[p] as number))), 0);
    expect(worst).toBeLessThanOrEqual(1e-6);
    for (const client of back) client.close();
    await second.close();
    server?.stop();
    await folders.remove();
  });
});

it('refuses what is no backup, or a damaged one, and a directory in which there is something', async () => {
  const folders = await makeFolders();
  const coordinator = await startCoordinator(folders);
  const whole = await fetchBackup(coordinator.url);
  await coordinator.close();
  const file = join(folders.root, 'broken.tar');
  const into = async (bytes: Uint8Array, name: string) => {
    await writeFile(file, bytes);
    return restoreBackup({ file, dataDirectory: join(folders.root, name) });
  };
  await expect(into(whole.subarray(0, 700), 'a')).rejects.toMatchObject({ code: 'backup' });
  await expect(into(new Uint8Array(0), 'b')).rejects.toMatchObject({ code: 'backup' });
  const escaping = Buffer.from(whole);
  escaping.write('../escape.js', escaping.indexOf('backup.json'));
  await expect(into(escaping, 'c')).rejects.toMatchObject({ code: 'backup' });
  await expect(readFile(join(folders.root, 'escape.js'))).rejects.toThrow();
  await mkdir(join(folders.root, 'd'));
  await writeFile(join(folders.root, 'd', 'something'), '');
  await expect(into(whole, 'd')).rejects.toMatchObject({ code: 'data-directory' });
  await folders.remove();
});
