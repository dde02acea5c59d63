import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  federationCreatedSchema,
  federationDetailSchema,
  federationSummarySchema,
  inviteCreatedSchema,
  maskAtlasSchema,
} from '@perfit/protocol';
import { AdminClient } from '@perfit/protocol/admin';
import { initialTheta } from '@perfit/protocol/space';
import { ManualClock, ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator, makeFolders, operator, startCoordinator } from '@perfit/testkit/coordinator';
import { io } from 'socket.io-client';
import { beforeAll, describe, expect, it, vi } from 'vitest';

// Starts take seconds where other tests keep both cores busy.
vi.setConfig({ testTimeout: 90_000 });

let cookie = '';
const clock = new ManualClock();
const coordinator = hostCoordinator({ clock, origins: ['https://tuning.example.org'], limits: { loginFailures: 3 } });

beforeAll(async () => {
  cookie = await login();
}, 120_000);

const ours = { 'x-perfit-csrf': '1' };

function call(
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
) {
  return fetch(new URL(path, coordinator.url), {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function login(): Promise<string> {
  const { headers } = await AdminClient.signedIn({ url: coordinator.url, fetch }, operator);
  return headers.cookie ?? '';
}

/** As the dashboard asks. */
const asOperator = (method: string, path: string, body?: unknown) =>
  call(method, path, { body, headers: { ...ours, cookie } });

describe('whoever has not signed in', () => {
  it('gets nothing of the operator’s API, whatever it is, and does not learn what exists', async () => {
    const { id } = await coordinator.createFederation(smallFederation);
    const routes: [string, string, unknown?][] = [
      ['GET', '/api/admin/session'],
      ['POST', '/api/admin/logout'],
      ['GET', '/api/admin/models'],
      ['GET', '/api/admin/federations'],
      ['POST', '/api/admin/federations', smallFederation],
      ['GET', `/api/admin/federations/${id}`],
      ['POST', `/api/admin/federations/${id}/actions`, { action: 'start' }],
      ['POST', `/api/admin/federations/${id}/invites`],
      ['GET', `/api/admin/federations/${id}/theta`],
      ['GET', '/api/admin/federations/nowhere'],
      ['GET', '/api/admin/nothing'],
      ['DELETE', `/api/admin/federations/${id}`],
      ['PUT', '/api/admin'],
    ];
    const tokens = ['', 'perfit_session=', 'perfit_session=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.', `${cookie}x`];
    for (const [method, path, body] of routes) {
      for (const token of tokens) {
        const response = await call(method, path, { body, headers: { ...ours, cookie: token } });
        expect([method, path, response.status]).toEqual([method, path, 401]);
        expect(await response.json()).toMatchObject({ code: 'login-required' });
      }
    }
    expect((await coordinator.detail(id)).status.state).toBe('paused');
  });

  it('cannot watch a federation either', async () => {
    const socket = io(`${coordinator.url}/operator`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    const error = await new Promise<Error>((resolve) => socket.once('connect_error', resolve));
    expect(error.message).toMatch(/sign in/);
    socket.disconnect();
  });

  it('may guess a password so many times', async () => {
    const guess = (name: string) =>
      call('POST', '/api/admin/login', { body: { name, password: 'wrong' }, headers: ours });
    for (let i = 0; i < 3; i++) expect((await guess('mallory')).status).toBe(401);
    const refused = await guess('mallory');
    expect([refused.status, await refused.json()]).toEqual([429, expect.objectContaining({ code: 'rate-limited' })]);
  });
});

describe('the session', () => {
  it('is a cookie that scripts and other sites cannot use', async () => {
    const other = await startedWith({ name: 'grace', password: 'another good password' });
    const response = await fetch(new URL('/api/admin/login', other.coordinator.url), {
      method: 'POST',
      headers: { ...ours, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'grace', password: 'another good password' }),
    });
    const [line] = response.headers.getSetCookie();
    expect(line).toMatch(/; HttpOnly/);
    expect(line).toMatch(/; SameSite=Strict/);
    expect(line).toMatch(/; Path=\//);
    // A session of one coordinator is worth nothing at another.
    const here = await call('GET', '/api/admin/session', { headers: { cookie: line?.split(';')[0] ?? '' } });
    expect(here.status).toBe(401);
    const { mode } = await stat(join(other.folders.dataDirectory, 'session-secret'));
    expect(mode & 0o777).toBe(0o600);
    await other.coordinator.close();

    // A new password ends the sessions of the old one; a start without one keeps it and does not tell it.
    const again = await startCoordinator(other.folders, { operator: { name: 'grace', password: 'a third password' } });
    expect(again.operator).toEqual({ name: 'grace', password: null });
    const old = await fetch(new URL('/api/admin/session', again.url), {
      headers: { cookie: line?.split(';')[0] ?? '' },
    });
    expect(old.status).toBe(401);
    await again.close();
    await other.folders.remove();
  });

  it('ends after twelve hours', async () => {
    expect((await asOperator('GET', '/api/admin/session')).status).toBe(200);
    clock.advance(12 * 3_600_000 + 1_000);
    expect((await asOperator('GET', '/api/admin/session')).status).toBe(401);
    // The guesses above have closed this address for a while, which has passed too.
    cookie = await login();
  });
});

describe('CSRF', () => {
  it('a change needs our header, from our own page', async () => {
    const { id } = await coordinator.createFederation(smallFederation);
    const change = (headers: Record<string, string>) =>
      call('POST', `/api/admin/federations/${id}/actions`, {
        body: { action: 'start' },
        headers: { cookie, ...headers },
      });
    const foreign = [
      {},
      { ...ours, origin: 'https://evil.example' },
      { ...ours, origin: 'https://tuning.example.org' },
      { ...ours, origin: 'null' },
      { ...ours, 'sec-fetch-site': 'cross-site' },
      { ...ours, 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of foreign) {
      const response = await change(headers);
      expect([headers, response.status, (await response.json()).code]).toEqual([headers, 403, 'forbidden']);
    }
    const login = await call('POST', '/api/admin/login', { body: operator });
    expect(login.status).toBe(403);
    expect((await coordinator.detail(id)).status.state).toBe('paused');
    const own = { ...ours, origin: coordinator.url, 'sec-fetch-site': 'same-origin' };
    expect((await change(own)).status).toBe(200);
  });
});

describe('the operator', () => {
  it('makes federations, moves them, and sees everything of them', async () => {
    const response = await asOperator('POST', '/api/admin/federations', { ...smallFederation, id: 'garden' });
    expect(response.status).toBe(201);
    const created = federationCreatedSchema.parse(await response.json());
    expect(created).toMatchObject({ id: 'garden', joinUrl: `${coordinator.url}/join/garden?invite=${created.invite}` });
    const list = (await (await asOperator('GET', '/api/admin/federations')).json()) as unknown[];
    expect(list.map((each) => federationSummarySchema.parse(each).id)).toContain('garden');

    const act = async (action: string) => {
      const answer = await asOperator('POST', '/api/admin/federations/garden/actions', { action });
      return [
        answer.status,
        (await answer.json()) as { status?: { state: string }; actions?: string[]; code?: string },
      ];
    };
    expect(await act('pause')).toMatchObject([409, { code: 'conflict' }]);
    const made = await asOperator('GET', '/api/admin/federations/garden');
    expect(federationDetailSchema.parse(await made.json())).toMatchObject({ actions: ['start', 'stop'] });
    expect(await act('resume')).toMatchObject([409, { code: 'conflict' }]);
    expect(await act('start')).toMatchObject([200, { status: { state: 'recruiting' }, actions: ['pause', 'stop'] }]);
    expect(await act('pause')).toMatchObject([200, { status: { state: 'paused' }, actions: ['resume', 'stop'] }]);
    expect(await act('start')).toMatchObject([409, { code: 'conflict' }]);
    expect(await act('resume')).toMatchObject([200, { status: { state: 'recruiting' } }]);
    expect(await act('dance')).toMatchObject([400, { code: 'bad-message' }]);

    const invite = await asOperator('POST', '/api/admin/federations/garden/invites');
    const { code } = inviteCreatedSchema.parse(await invite.json());
    const a = await ScriptedClient.join(coordinator.url, {
      federation: 'garden',
      invite: code,
      ready: { name: 'Ada' },
    });
    const b = await ScriptedClient.join(coordinator.url, {
      federation: 'garden',
      invite: created.invite,
      ready: { name: 'Bob', shareEvaluation: false },
    });
    await a.hear('offer');
    const [one, two] = [a.draw(1), b.draw(1)];
    const perplexity = { base: 30, received: 20, tuned: 10 };
    await a.sendMask(one.mask);
    await a.sendDelta(one.mask, one.values, { report: { loss: 1.5, perplexity } });
    await b.sendMask(two.mask);
    await expect(b.sendDelta(two.mask, two.values.fill(Number.NaN))).rejects.toThrow(/NaN/);
    const later = b.draw(2);
    await b.sendDelta(later.mask, later.values, { report: { loss: 1.5, perplexity } }).catch(() => {});
    await b.sendMask(later.mask);
    await b.sendDelta(later.mask, later.values, { report: { loss: 1.5, perplexity } });
    await a.hear('closed');

    const detail = federationDetailSchema.parse(
      await (await asOperator('GET', '/api/admin/federations/garden')).json(),
    );
    expect(detail.clients.toSorted((x, y) => x.name.localeCompare(y.name))).toMatchObject([
      { name: 'Ada', connected: true, kept: 72, density: 0.5 },
      { name: 'Bob', connected: true, kept: 72 },
    ]);
    for (const { bytesUp } of detail.clients) expect(bytesUp).toBeGreaterThan(300);
    expect(detail.rounds[0]).toMatchObject({ number: 1, attempt: 1, state: 'committed' });
    // What Bob does not share is not kept.
    expect(detail.rounds[0]?.submissions).toMatchObject([
      { name: 'Ada', loss: 1.5, perplexity, weight: 50, norm: expect.any(Number) },
      { name: 'Bob', loss: null, perplexity: null },
    ]);
    expect(detail.maskOverlap).toEqual({ clients: [], matrix: [] });
    expect(Date.parse(detail.rounds[0]?.aggregatingAt ?? '')).not.toBeNaN();
    // Two are fewer than the smallest group: of their masks nothing is said but that they are there.
    const atlas = maskAtlasSchema.parse(await (await asOperator('GET', '/api/admin/federations/garden/atlas')).json());
    expect(atlas).toMatchObject({ smallestGroup: 3, masks: 2, groups: [], overlap: [] });
    const log = detail.events.map((event) => event.text);
    expect(log).toContain('Round 1 is committed with 2 submissions.');
    expect(log.some((text) => /Bob's delta for round 1 is refused: .*NaN/.test(text))).toBe(true);
    expect(detail.events.map((event) => event.sequence)).toEqual(detail.events.map((_, i) => i + 1));

    const theta = await asOperator('GET', '/api/admin/federations/garden/theta?version=0');
    expect(new Float32Array(await theta.arrayBuffer())).toEqual(initialTheta(a.layout, 1));
    a.close();
    b.close();
  });

  it('is told what is wrong with a federation that cannot be had', async () => {
    const create = async (body: unknown) => {
      const answer = await asOperator('POST', '/api/admin/federations', body);
      return [answer.status, await answer.json()];
    };
    expect(await create({ ...smallFederation, model: 'huge' })).toMatchObject([
      400,
      { message: expect.stringMatching(/"huge"/) },
    ]);
    expect(await create({ ...smallFederation, schedule: { goal: 1, minimum: 2 } })).toMatchObject([
      400,
      { message: expect.stringMatching(/minimum/) },
    ]);
    expect(await create({ ...smallFederation, name: '' })).toMatchObject([400, { code: 'bad-message' }]);
    expect(await create({ ...smallFederation, id: '../x' })).toMatchObject([400, { code: 'bad-message' }]);
    await create({ ...smallFederation, id: 'twice' });
    expect(await create({ ...smallFederation, id: 'twice' })).toMatchObject([
      409,
      { message: expect.stringMatching(/"twice"/) },
    ]);
    const text = await fetch(new URL('/api/admin/federations', coordinator.url), {
      method: 'POST',
      headers: { ...ours, cookie, 'content-type': 'application/json' },
      body: '{not json',
    });
    expect([text.status, await text.json()]).toMatchObject([400, { code: 'bad-message' }]);
  });

  it('watches a federation live, at most twice a second', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const socket = io(`${coordinator.url}/operator`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      extraHeaders: { cookie, origin: coordinator.url },
    });
    const details: { clients: { name: string }[] }[] = [];
    let wake = () => {};
    socket.on('detail', (detail) => {
      details.push(federationDetailSchema.parse(detail));
      wake();
    });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    expect(await socket.emitWithAck('watch', { federation: 'nowhere' })).toMatchObject({ ok: false });
    expect(await socket.emitWithAck('watch', { federation: id })).toEqual({ ok: true, value: {} });
    while (details.length < 1) await new Promise<void>((resolve) => (wake = resolve));
    const client = await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Ada' } });
    await client.hear('status');
    // Much has happened, but half a second has not passed.
    expect(details).toHaveLength(1);
    clock.advance(500);
    while (details.length < 2) await new Promise<void>((resolve) => (wake = resolve));
    expect(details[1]?.clients).toMatchObject([{ name: 'Ada' }]);
    client.close();
    socket.disconnect();
  });

  it('signs out', async () => {
    const response = await asOperator('POST', '/api/admin/logout');
    expect(response.headers.getSetCookie()[0]).toMatch(/^perfit_session=;/);
  });
});

async function startedWith(who: { name: string; password: string }) {
  const elsewhere = await makeFolders();
  return { folders: elsewhere, coordinator: await startCoordinator(elsewhere, { operator: who }) };
}
