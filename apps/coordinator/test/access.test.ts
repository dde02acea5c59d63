import { type OperatorRole, operatorRoles } from '@perfit/protocol';
import { cookieOf } from '@perfit/protocol/admin';
import { ManualClock, smallFederation } from '@perfit/testkit';
import { hostCoordinator, operator } from '@perfit/testkit/coordinator';
import { fastify } from 'fastify';
import { io } from 'socket.io-client';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type AdminParts, addAdminRoutes, refuseUndeclared } from '../src/http/admin-routes.ts';
import { AdminCaller } from './admin-caller.ts';

vi.setConfig({ testTimeout: 90_000 });

let admin: AdminCaller;
const clock = new ManualClock();
const coordinator = hostCoordinator({ clock, limits: { loginFailures: 3 } });
const callers = {} as Record<OperatorRole, AdminCaller>;

beforeAll(async () => {
  admin = await AdminCaller.login(coordinator.url, operator);
  callers.admin = admin;
  callers.operator = await admin.another('olga', 'operator');
  callers.viewer = await admin.another('vera', 'viewer');
  await coordinator.createFederation(smallFederation, { id: 'garden' });
}, 120_000);

interface RouterEntry {
  readonly method: string;
  readonly path: string;
  readonly needs: OperatorRole | 'nobody';
}

/** As the router has them, not as a list says. */
async function routesOfTheRouter(): Promise<RouterEntry[]> {
  const found: RouterEntry[] = [];
  const app = fastify();
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) {
      if (config?.needs && each !== 'HEAD') {
        found.push({ method: each, path: url.replace('/api/admin', ''), needs: config.needs });
      }
    }
  });
  await addAdminRoutes(app, {} as AdminParts);
  await app.ready();
  return found;
}

/** An address that leads to such a route; what it names need not exist. */
function addressOf({ path }: RouterEntry): string {
  return path.replace(':id', 'garden').replace(/:\w+/g, '1');
}

describe('every route of the operator’s API', () => {
  it('tells a stranger nothing', async () => {
    const routes = await routesOfTheRouter();
    expect(routes.length).toBeGreaterThan(25);
    const strangers = [
      new AdminCaller(coordinator.url, { 'x-perfit-csrf': '1' }),
      new AdminCaller(coordinator.url, { 'x-perfit-csrf': '1', cookie: 'perfit_session=x' }),
      new AdminCaller(coordinator.url, { authorization: `Bearer perfit_${'a'.repeat(12)}_${'b'.repeat(43)}` }),
      // A wrong key is not made good by a right cookie.
      admin.with({ authorization: 'Basic YWRhOmFkYQ==' }),
    ];
    for (const route of routes.filter(({ needs }) => needs !== 'nobody')) {
      for (const stranger of strangers) {
        const { status, body } = await stranger.call(route.method, addressOf(route));
        expect([route.method, route.path, status, body.code]).toEqual([
          route.method,
          route.path,
          401,
          'login-required',
        ]);
      }
    }
    expect(routes.filter(({ needs }) => needs === 'nobody').map(({ path }) => path)).toEqual(['/login']);
  });

  it('refuses a role that is too small, and lets no smaller one through', async () => {
    let refused = 0;
    for (const route of await routesOfTheRouter()) {
      if (route.needs === 'nobody') continue;
      for (const role of operatorRoles.slice(0, operatorRoles.indexOf(route.needs))) {
        const { status, body } = await callers[role].call(
          route.method,
          addressOf(route),
          route.method === 'GET' ? undefined : {},
        );
        expect([role, route.method, route.path, status, body.code]).toEqual([
          role,
          route.method,
          route.path,
          403,
          'forbidden',
        ]);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(15);
    expect((await callers.viewer.get('/federations/garden')).status).toBe(200);
    expect((await callers.operator.get('/federations/garden/invites')).status).toBe(200);
  });

  it('changes nothing without our header, or for a page of another origin', async () => {
    for (const route of (await routesOfTheRouter()).filter(({ method }) => method !== 'GET')) {
      const foreign = [
        admin.without('x-perfit-csrf'),
        admin.with({ origin: 'https://evil.example' }),
        admin.with({ origin: 'null' }),
        admin.with({ 'sec-fetch-site': 'same-site' }),
      ];
      for (const page of foreign) {
        const { status, body } = await page.call(route.method, addressOf(route), {});
        expect([route.method, route.path, status, body.code]).toEqual([route.method, route.path, 403, 'forbidden']);
      }
    }
    expect((await admin.get('/session')).status).toBe(200);
  });

  it('says what it needs, or the coordinator does not start', async () => {
    const app = fastify();
    refuseUndeclared(app);
    expect(() => app.get('/api/admin/forgotten', async () => 'everything')).toThrow(/does not say which role/);
    expect(() => app.get('/api/public', async () => 'everybody')).not.toThrow();
  });
});

describe('the OpenAPI document', () => {
  it('has every route of the router, with what it needs and what goes in and out', async () => {
    const response = await fetch(new URL('/api/openapi.json', coordinator.url));
    const document = (await response.json()) as {
      openapi: string;
      paths: Record<string, Record<string, { 'x-needs-role'?: string; security: unknown[]; operationId: string }>>;
    };
    expect(document.openapi).toBe('3.1.0');
    for (const { method, path, needs } of await routesOfTheRouter()) {
      const described = document.paths[`/api/admin${path.replace(/:(\w+)/g, '{$1}')}`]?.[method.toLowerCase()];
      expect([method, path, described?.['x-needs-role'] ?? 'nobody']).toEqual([method, path, needs]);
    }
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    const actions = document.paths['/api/admin/federations/{id}/actions']?.post;
    expect(actions).toMatchObject({
      parameters: [{ name: 'id', in: 'path', required: true }],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { properties: { action: { enum: ['start', 'pause', 'resume', 'stop'] } } } },
        },
      },
    });
    expect(JSON.stringify(document)).not.toContain('$schema');
  });
});

describe('operators', () => {
  it('are added, changed and removed; one admin is always left', async () => {
    const made = await admin.post('/operators', { name: 'nils', role: 'viewer', password: 'a good long password' });
    expect([made.status, made.body]).toMatchObject([201, { name: 'nils', role: 'viewer', password: null }]);
    expect((await admin.post('/operators', { name: 'nils', role: 'admin' })).body.code).toBe('conflict');
    expect((await admin.post('/operators', { name: 'otto', role: 'viewer', password: 'short' })).status).toBe(400);
    expect((await admin.post('/operators', { name: 'a\u202eb', role: 'viewer' })).status).toBe(400);
    const nils = await AdminCaller.login(coordinator.url, { name: 'nils', password: 'a good long password' });
    expect((await nils.post('/federations', smallFederation)).status).toBe(403);
    expect((await admin.patch('/operators/nils', { role: 'operator' })).body).toMatchObject({ role: 'operator' });
    // Another role takes another login.
    expect((await nils.get('/session')).status).toBe(401);
    const promoted = await AdminCaller.login(coordinator.url, { name: 'nils', password: 'a good long password' });
    expect((await promoted.get('/session')).body).toMatchObject({ name: 'nils', role: 'operator' });
    expect((await admin.delete('/operators/nils')).status).toBe(200);
    expect((await promoted.get('/session')).status).toBe(401);
    expect((await admin.delete('/operators/nils')).status).toBe(404);
    for (const attempt of [admin.delete('/operators/ada'), admin.patch('/operators/ada', { role: 'viewer' })]) {
      expect((await attempt).body).toMatchObject({ code: 'conflict', message: expect.stringMatching(/only admin/) });
    }
    expect((await admin.get('/session')).status).toBe(200);
  });

  it('change their password, which ends their other sessions', async () => {
    await admin.post('/operators', { name: 'paul', role: 'viewer', password: 'the password before' });
    const [here, there] = [
      await AdminCaller.login(coordinator.url, { name: 'paul', password: 'the password before' }),
      await AdminCaller.login(coordinator.url, { name: 'paul', password: 'the password before' }),
    ];
    const wrong = await here.post('/password', { current: 'is it this one?', next: 'the password after' });
    expect(wrong.body.code).toBe('login-failed');
    const changed = await here.post('/password', { current: 'the password before', next: 'the password after' });
    expect(changed.status).toBe(200);
    expect([(await there.get('/session')).status, (await here.get('/session')).status]).toEqual([401, 401]);
    expect((await here.with({ cookie: cookieOf(changed) }).get('/session')).status).toBe(200);
    await expect(
      AdminCaller.login(coordinator.url, { name: 'paul', password: 'the password before' }),
    ).rejects.toThrow();
    await AdminCaller.login(coordinator.url, { name: 'paul', password: 'the password after' });
  });
});

describe('sessions', () => {
  it('are listed with where they are, and ended one by one or all', async () => {
    await admin.post('/operators', { name: 'sara', role: 'viewer', password: 'a password of saras' });
    const login = () => AdminCaller.login(coordinator.url, { name: 'sara', password: 'a password of saras' });
    const [one, two, three] = [await login(), await login(), await login()];
    const own = (await one.with({ 'user-agent': 'x' }).get('/sessions')).body;
    expect(own).toHaveLength(3);
    expect(own.filter((each: { current: boolean }) => each.current)).toHaveLength(1);
    expect(own[0]).toMatchObject({ operator: 'sara', address: '127.0.0.1', agent: expect.stringMatching(/node/) });
    const id = (await two.get('/session')).body.id;
    expect((await callers.viewer.delete(`/sessions/${id}`)).status).toBe(404);
    expect((await one.delete(`/sessions/${id}`)).status).toBe(200);
    expect([(await two.get('/session')).status, (await one.get('/session')).status]).toEqual([401, 200]);
    expect((await one.delete('/sessions')).status).toBe(200);
    expect([(await one.get('/session')).status, (await three.get('/session')).status]).toEqual([401, 401]);
    const everybody = (await admin.get('/sessions')).body.map((each: { operator: string }) => each.operator);
    expect(everybody).toContain('vera');
    expect(everybody).not.toContain('sara');
  });

  it('that are ended see nothing more: the open socket is closed', async () => {
    const { headers } = await admin.another('wanda', 'viewer');
    const socket = io(`${coordinator.url}/operator`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      extraHeaders: { cookie: headers.cookie as string, origin: coordinator.url },
    });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    await socket.emitWithAck('watch', { federation: 'garden' });
    const closed = new Promise<string>((resolve) => socket.once('disconnect', resolve));
    await admin.delete('/operators/wanda');
    expect(await closed).toBe('io server disconnect');
  });

  it('are remembered by a restarted coordinator', async () => {
    await coordinator.restart();
    expect((await admin.get('/session')).body).toMatchObject({ name: 'ada', role: 'admin' });
  });
});

describe('API keys', () => {
  it('do what their role may, without a cookie or a header of ours, until they are revoked or over', async () => {
    const made = await admin.post('/keys', { label: 'nightly', role: 'operator', expiresInDays: 2 });
    expect(made.status).toBe(201);
    const program = new AdminCaller(coordinator.url, { authorization: `Bearer ${made.body.key}` });
    expect((await program.get('/session')).body).toMatchObject({ name: 'nightly', role: 'operator', id: null });
    expect((await program.post('/federations', { ...smallFederation, id: 'by-key' })).status).toBe(201);
    expect((await program.get('/operators')).status).toBe(403);
    const list = (await admin.get('/keys')).body;
    expect(list).toMatchObject([{ label: 'nightly', createdBy: 'ada', lastUsed: expect.any(String), revokedAt: null }]);
    expect(JSON.stringify(list)).not.toContain(made.body.key.slice(-43));
    const last = made.body.key.at(-1) === 'A' ? 'B' : 'A';
    const guess = program.with({ authorization: `Bearer ${made.body.key.slice(0, -1)}${last}` });
    expect((await guess.get('/session')).status).toBe(401);
    expect((await admin.delete(`/keys/${made.body.id}`)).status).toBe(200);
    expect((await program.get('/session')).status).toBe(401);
    expect((await admin.delete(`/keys/${made.body.id}`)).status).toBe(404);

    const brief = await admin.post('/keys', { label: 'brief', role: 'viewer', expiresInDays: 1 });
    const later = new AdminCaller(coordinator.url, { authorization: `Bearer ${brief.body.key}` });
    expect((await later.get('/session')).status).toBe(200);
    clock.advance(24 * 3_600_000);
    expect((await later.get('/session')).status).toBe(401);
    admin = await AdminCaller.login(coordinator.url, operator);
  });

  it('go with the operator who made them', async () => {
    const boss = await admin.another('boss', 'admin');
    const { key } = (await boss.post('/keys', { label: 'left behind', role: 'admin' })).body;
    const program = new AdminCaller(coordinator.url, { authorization: `Bearer ${key}` });
    expect((await program.get('/operators')).status).toBe(200);
    await admin.delete('/operators/boss');
    expect((await program.get('/operators')).status).toBe(401);
  });
});

describe('the audit log', () => {
  it('tells who did what to what, from where, and what came of it; pages and filters', async () => {
    const olga = await admin.another('olga2', 'operator');
    await olga.post('/federations', { ...smallFederation, id: 'audited' });
    await olga.post('/federations', { ...smallFederation, id: 'audited' });
    await olga.post('/federations/audited/actions', { action: 'start' });
    await olga.get('/audit');
    await olga.post('/operators', { name: 'mallory', role: 'admin' });
    await new AdminCaller(coordinator.url, { 'x-perfit-csrf': '1' }).post('/login', {
      name: 'my-secret-password',
      password: 'x',
    });
    const { entries } = (await admin.get('/audit?limit=7')).body;
    const told = entries.map((entry: Record<string, unknown>) => [
      entry.actor,
      entry.actorKind,
      entry.action,
      entry.target,
      entry.outcome,
    ]);
    expect(told).toEqual([
      [null, 'stranger', 'session.open', null, 'login-failed'],
      ['olga2', 'operator', 'operator.add', null, 'forbidden'],
      ['olga2', 'operator', 'federation.act', 'audited start', 'done'],
      ['olga2', 'operator', 'federation.create', null, 'conflict'],
      ['olga2', 'operator', 'federation.create', 'audited', 'done'],
      [null, 'stranger', 'session.open', 'olga2', 'done'],
      ['ada', 'operator', 'operator.add', 'olga2', 'done'],
    ]);
    expect(entries[0]).toMatchObject({ address: '127.0.0.1', at: expect.any(String) });
    const byHer = (await admin.get('/audit?actor=olga2&action=federation.&limit=2')).body;
    expect(byHer.entries.map(({ target }: { target: string }) => target)).toEqual(['audited start', null]);
    const rest = (await admin.get(`/audit?actor=olga2&action=federation.&limit=2&before=${byHer.next}`)).body;
    expect(rest).toMatchObject({ entries: [{ target: 'audited' }], next: null });
    expect((await admin.get('/audit?outcome=forbidden&actor=olga2')).body.entries).toHaveLength(1);
    expect((await admin.get('/audit?action=%25')).body.entries).toEqual([]);
  });
});
