import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROTOCOL_VERSION, signedText } from '@perfit/protocol';
import { ManualClock, ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator, operator } from '@perfit/testkit/coordinator';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { AdminCaller } from './admin-caller.ts';

vi.setConfig({ testTimeout: 90_000 });

let admin: AdminCaller;
const clock = new ManualClock();
const coordinator = hostCoordinator({ clock });

beforeAll(async () => {
  admin = await AdminCaller.login(coordinator.url, operator);
}, 120_000);

const joins = (federation: string, invite: string) => ScriptedClient.join(coordinator.url, { federation, invite });

function helloOf({ identity }: ScriptedClient, federation: string) {
  return { protocol: PROTOCOL_VERSION, federation, publicKey: identity.publicKey, agent: 'test' };
}

describe('invites', () => {
  it('are labelled, let so many in for so long, and are revoked', async () => {
    const { id } = await coordinator.createFederation(smallFederation, { id: 'invited', start: true });
    const make = async (wanted: object) => (await admin.post(`/federations/${id}/invites`, wanted)).body;
    const once = await make({ label: 'one place', maxUses: 1 });
    expect(once).toMatchObject({ label: 'one place', uses: 0, usesLeft: 1, usable: true, revokedAt: null });
    const [first, second] = await Promise.allSettled([joins(id, once.code), joins(id, once.code)]);
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
    await expect(joins(id, once.code)).rejects.toMatchObject({ code: 'invite-invalid' });

    const brief = await make({ expiresInHours: 1 });
    (await joins(id, brief.code)).close();
    clock.advance(3_600_000);
    await expect(joins(id, brief.code)).rejects.toMatchObject({ code: 'invite-invalid' });

    const open = await make({});
    const inside = await joins(id, open.code);
    expect((await admin.delete(`/federations/${id}/invites/${open.id}`)).status).toBe(200);
    await expect(joins(id, open.code)).rejects.toMatchObject({ code: 'invite-invalid' });
    // Whoever is in stays in, also after a loss of the line.
    inside.close();
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, inside.identity);
    expect(back.id).toBe(inside.id);
    back.close();

    const list = (await admin.get(`/federations/${id}/invites`)).body;
    expect(list.map((each: { usable: boolean }) => each.usable)).toEqual([true, false, false, false]);
    expect(list.map((each: { uses: number }) => each.uses)).toEqual([0, 1, 1, 1]);
    expect((await admin.get(`/federations/${id}`)).body.invites).toHaveLength(1);
    expect((await admin.delete(`/federations/${id}/invites/nothing`)).status).toBe(404);
    const viewer = await admin.another('vera', 'viewer');
    expect((await viewer.get(`/federations/${id}`)).body.invites).toEqual([]);
    for (const each of [first, second]) if (each.status === 'fulfilled') each.value.close();
  });
});

describe('clients', () => {
  it('that are removed come back as new ones would; that are banned do not come back', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { id: 'moderated', start: true });
    const client = await joins(id, invite as string);
    const act = (action: string, reason?: string) =>
      admin.post(`/federations/${id}/clients/${client.id}/actions`, { action, ...(reason ? { reason } : {}) });
    const away = new Promise<string>((resolve) => client.socket.once('disconnect', resolve));
    const removed = await act('remove');
    expect(await away).toBe('io server disconnect');
    expect(client.heard.at(-1)).toEqual({ name: 'removed', message: {} });
    expect(removed.body.clients).toMatchObject([{ connected: false, removedAt: expect.any(String), bannedAt: null }]);
    expect(removed.body.status.ready).toBe(0);
    const again = (with_: string | null) =>
      ScriptedClient.join(coordinator.url, { federation: id, invite: with_ }, client.identity);
    await expect(again(null)).rejects.toMatchObject({ code: 'invite-required' });
    // A program that comes back by itself does not know of it, and stays away as well.
    const ignorant = await ScriptedClient.connect(coordinator.url, client.identity);
    const hello = { ...helloOf(client, id), invite: invite as string, returning: true };
    await expect(ignorant.ask('hello', hello)).rejects.toMatchObject({ code: 'client-removed' });
    ignorant.close();
    const back = await again(invite);
    const gone = new Promise<string>((resolve) => back.socket.once('disconnect', resolve));
    await act('ban', 'It sent noise');
    expect(await gone).toBe('io server disconnect');
    await expect(again(invite)).rejects.toMatchObject({
      code: 'client-banned',
      message: expect.stringMatching(/It sent noise$/),
    });
    // The ban holds for this federation, and over a restart.
    const other = await coordinator.createFederation({ ...smallFederation, access: 'open' }, { start: true });
    (await ScriptedClient.join(coordinator.url, { federation: other.id }, client.identity)).close();
    await coordinator.restart();
    await expect(again(invite)).rejects.toMatchObject({ code: 'client-banned' });
    expect((await act('unban')).body.clients).toMatchObject([{ bannedAt: null }]);
    (await again(null)).close();
    expect((await admin.post(`/federations/${id}/clients/nobody/actions`, { action: 'ban' })).status).toBe(404);
    const told = (await admin.get(`/federations/${id}/events?kinds=client-removed,client-banned,client-unbanned`)).body;
    expect(told.map((event: { text: string }) => event.text)).toEqual([
      'The operator removed Ada.',
      'The operator banned Ada: It sent noise.',
      'The operator lifted the ban of Ada.',
    ]);
  });

  it('that are banned between hello and proof do not come in', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { id: 'quick', start: true });
    const known = await joins(id, invite as string);
    const second = await ScriptedClient.connect(coordinator.url, known.identity);
    const { nonce } = await second.ask('hello', helloOf(known, id));
    await admin.post(`/federations/${id}/clients/${known.id}/actions`, { action: 'ban' });
    const signature = await known.identity.sign(signedText(id, nonce));
    await expect(second.ask('prove', { signature })).rejects.toMatchObject({ code: 'client-banned' });
    second.close();
  });
});

describe('the round in progress', () => {
  it('[RD2] is repeated from its beginning: what was accepted is dropped, and everybody is asked again', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { id: 'again', start: true });
    const [a, b] = [await joins(id, invite as string), await joins(id, invite as string)];
    await a.hear('offer');
    const before = a.draw(1);
    await a.sendMask(before.mask);
    await a.sendDelta(before.mask, before.values);
    const repeated = await admin.post(`/federations/${id}/rounds/1/actions`, { action: 'repeat' });
    expect(repeated.body).toMatchObject({ status: { state: 'training' }, roundActions: ['repeat', 'skip'] });
    expect(repeated.body.rounds).toMatchObject([
      { number: 1, attempt: 1, state: 'failed', reason: 'The operator has the round repeated.' },
      { number: 1, attempt: 2, state: 'training', submissions: [] },
    ]);
    const [one, two] = [a.draw(2), b.draw(3)];
    await a.sendMask(one.mask);
    await a.sendDelta(one.mask, one.values, { attempt: 2 });
    await b.sendMask(two.mask);
    await b.sendDelta(two.mask, two.values, { attempt: 2 });
    await b.hear('closed', ({ outcome }) => outcome === 'committed');
    expect((await admin.get(`/federations/${id}`)).body.status).toMatchObject({ version: 1 });
    // A round that is over is not meant by who still looks at it.
    expect((await admin.post(`/federations/${id}/rounds/1/actions`, { action: 'skip' })).body.code).toBe('conflict');
    for (const client of [a, b]) client.close();
  });

  it('[RD2] [UP2] is repeated in the middle of an upload, which then begins anew', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { id: 'interrupted', start: true });
    const [a, b] = [await joins(id, invite as string), await joins(id, invite as string)];
    await a.hear('offer');
    const { mask, values } = a.draw(1);
    await a.sendMask(mask);
    const bytes = await a.deltaBytes(mask, values);
    const begun = await a.ask('announce', await a.announceOf(bytes));
    if (begun.state !== 'send') throw new Error('nothing was sent yet');
    await a.ask('chunk', { upload: begun.upload, offset: 0, data: bytes.subarray(0, 100) });
    await b.sendMask(mask);
    await b.sendDelta(mask, values);
    await admin.post(`/federations/${id}/rounds/1/actions`, { action: 'repeat' });
    await a.hear('offer', ({ attempt }) => attempt === 2);
    await vi.waitFor(async () =>
      expect(await readdir(join(coordinator.folders.dataDirectory, 'uploads', id))).toEqual([]),
    );
    await a.ask('chunk', { upload: begun.upload, offset: 100, data: bytes.subarray(100) });
    await expect(a.ask('complete', { upload: begun.upload })).rejects.toMatchObject({ code: 'upload-unknown' });
    const again = await a.announceOf(bytes, { attempt: 2 });
    expect(await a.ask('announce', again)).toMatchObject({ state: 'send', offset: 0 });
    expect(await a.upload(again, bytes)).toMatchObject({ kind: 'delta', round: 1 });
    for (const client of [a, b]) client.close();
  });

  it('[RD3] is skipped: the next version is θ_g as it was', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { id: 'onward', start: true });
    const [a, b] = [await joins(id, invite as string), await joins(id, invite as string)];
    await a.hear('offer');
    const { mask, values } = a.draw(1);
    await a.sendMask(mask);
    await a.sendDelta(mask, values);
    const skipped = await admin.post(`/federations/${id}/rounds/1/actions`, { action: 'skip' });
    expect(skipped.status).toBe(200);
    await a.hear('closed');
    expect(await coordinator.globalTheta(id, 1)).toEqual(await coordinator.globalTheta(id, 0));
    const { status, rounds } = await coordinator.detail(id);
    expect(status).toMatchObject({ state: 'training', version: 1 });
    expect(rounds[0]).toMatchObject({ state: 'committed', submissions: [] });
    await admin.post(`/federations/${id}/rounds/2/actions`, { action: 'skip' });
    await vi.waitFor(async () => expect((await coordinator.detail(id)).status.state).toBe('finished'));
    expect((await coordinator.detail(id)).roundActions).toEqual([]);
    for (const client of [a, b]) client.close();
  });
});

describe('the event log', () => {
  it('is read page by page', async () => {
    const read = async (query: string) =>
      (await admin.get(`/federations/again/events?${query}`)).body.map((event: { sequence: number }) => event.sequence);
    expect(await read('after=0&limit=3')).toEqual([1, 2, 3]);
    expect(await read('after=3&limit=2')).toEqual([4, 5]);
    const [last] = await read('limit=1');
    expect(await read(`after=${last - 1}`)).toEqual([last]);
    expect(await read(`after=${last}`)).toEqual([]);
    expect((await admin.get('/federations/again/events?limit=100000')).status).toBe(400);
  });
});
