import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScriptedClient, smallFederation } from '@perfit/testkit';
import { makeFolders, operator, startCoordinator } from '@perfit/testkit/coordinator';
import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { AdminCaller } from '../admin-caller.ts';

vi.setConfig({ testTimeout: 120_000 });

const tables = ['operators', 'sessions', 'api_keys', 'audit', 'events', 'clients', 'federations'];

it('neither the logs at their loudest nor the tables have a password, a token, an API key; invites lie in their own table alone', async () => {
  const folders = await makeFolders();
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const coordinator = await startCoordinator(folders, { logger });
  const admin = await AdminCaller.login(coordinator.url, operator);
  const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
  const second = (await admin.post(`/federations/${id}/invites`, { label: 'second' })).body;
  const { key } = (await admin.post('/keys', { label: 'nightly', role: 'viewer' })).body;
  await new AdminCaller(coordinator.url, { authorization: `Bearer ${key}` }).get('/session');
  await new AdminCaller(coordinator.url, { authorization: `Bearer ${key}` }).post('/operators', { name: 'x' });
  const typo = 'a password in the wrong field';
  await admin.without('cookie').post('/login', { name: typo, password: operator.password });
  await admin.delete(`/federations/${id}/invites/${second.id}`);
  const client = await ScriptedClient.join(coordinator.url, { federation: id, invite });
  const refused = ScriptedClient.join(coordinator.url, { federation: id, invite: second.code });
  await expect(refused).rejects.toMatchObject({ code: 'invite-invalid' });
  client.close();
  await coordinator.close();

  const database = await openDatabase(join(folders.dataDirectory, 'database'));
  const kept: Record<string, string> = {};
  for (const table of tables) {
    const { rows } = (await database.database.execute(`select * from ${table}`)) as unknown as { rows: unknown[] };
    kept[table] = JSON.stringify(rows);
  }
  await database.close();
  const token = (admin.headers.cookie as string).split('=')[1] as string;
  const secret = await readFile(join(folders.dataDirectory, 'session-secret'));
  const secrets = [operator.password, typo, token, token.split('.')[2], key, key.slice(-43), invite, second.code];
  expect(lines.join('')).toContain('the coordinator listens');
  expect(kept.audit).toContain(second.id);
  for (const hidden of [...secrets, secret.toString('hex'), secret.toString('base64url')]) {
    expect(hidden).toMatch(/.{12}/);
    expect(lines.join('')).not.toContain(hidden);
    for (const table of tables) expect([table, kept[table]?.includes(hidden as string)]).toEqual([table, false]);
  }
  expect(await readdir(folders.dataDirectory)).toContain('session-secret');
  await folders.remove();
});
