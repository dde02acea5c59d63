import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newFederation } from '@perfit/federation';
import { type ClientRow, type EventPage, MemoryStore, type SubmissionRow } from '@perfit/federation/coordinator';
import { federationConfigSchema } from '@perfit/protocol';
import { smallFederation } from '@perfit/testkit';
import { describe, expect, it, type TestOptions, vi } from 'vitest';
import { needsPostgres } from '../../../testing/needs.ts';
import { openDatabase } from '../src/store/database.ts';
import { SqlStore, type Store } from '../src/store/store.ts';
import { startPostgres } from './postgres-server.ts';

// Databases take seconds to start where other tests keep both cores busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const at = (second: number) => new Date(1_700_000_000_000 + 1000 * second);
const config = federationConfigSchema.parse(smallFederation);

function clientRow(id: string, joinedAt: Date): ClientRow {
  return {
    federation: 'f',
    id,
    publicKey: `key of ${id}`,
    name: id,
    agent: 'test',
    device: { backend: 'cpu', description: 'a test' },
    examples: { training: 5, heldOut: 1 },
    density: 0.5,
    shareEvaluation: false,
    consent: null,
    maskBlob: null,
    maskHash: null,
    maskBytes: null,
    maskKept: null,
    maskRound: null,
    bytesUp: 0,
    bytesDown: 0,
    joinedAt,
    lastSeen: joinedAt,
    removedAt: null,
    bannedAt: null,
    banReason: null,
    conclusion: null,
  };
}

function submissionRow(client: string, round: number, position: number): SubmissionRow {
  return {
    federation: 'f',
    client,
    round,
    position,
    attempt: 1,
    sha256: 'a'.repeat(64),
    bytes: 12,
    report: { examples: 5, steps: 2, seconds: 1 },
    weight: 5,
    norm: 0.25,
    maskBlob: 'b'.repeat(64),
    maskHash: 'c'.repeat(64),
    receivedAt: at(9),
  };
}

interface Opened {
  readonly store: Store;
  close(): Promise<void>;
}

async function openPglite(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'perfit-contract-'));
  const database = await openDatabase(folder);
  return {
    store: new SqlStore(database.database),
    close: async () => {
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openServer(): Promise<Opened> {
  const server = await startPostgres();
  const database = await openDatabase('', server.url);
  return {
    store: new SqlStore(database.database),
    close: async () => {
      await database.close();
      server.stop();
    },
  };
}

const kinds: [string, () => Promise<Opened>, TestOptions][] = [
  ['the embedded database', openPglite, {}],
  ['a Postgres server', openServer, needsPostgres()],
  ['memory', async () => ({ store: new MemoryStore(), close: async () => {} }), {}],
];

describe.each(kinds)('a store in %s', (_, open, needs) => {
  it('keeps what it is given, all of a transaction or none, and answers in its orders', needs, async () => {
    const { store, close } = await open();
    try {
      await keepsFederations(store);
      await keepsPeople(store);
      await keepsRounds(store);
      await keepsTheLog(store);
      await keepsTransactionsWhole(store);
    } finally {
      await close();
    }
  });
});

async function keepsFederations(store: Store): Promise<void> {
  await store.ping();
  const row = { config, layoutHash: 'd'.repeat(64), layoutSize: 100, state: newFederation };
  await store.addFederation({ ...row, id: 'g', createdAt: at(4) });
  await store.addFederation({ ...row, id: 'f', createdAt: at(3) });
  expect((await store.federations()).map(({ id }) => id)).toEqual(['f', 'g']);
  const state = { state: 'stopped', version: 2, present: ['x'], reason: null } as const;
  await store.saveState('f', state);
  expect(await store.state('f')).toEqual(state);
  expect(await store.state('g')).toEqual(newFederation);
  expect(await store.state('h')).toBeNull();
  expect((await store.federations())[0]).toMatchObject({ id: 'f', config, layoutSize: 100, state });

  const blobs = { blob: 'e'.repeat(64), momentsBlob: null, ownersBlob: 'f'.repeat(64) };
  await store.addVersion('f', 1, { ...blobs, at: at(5) });
  expect(await store.versionBlobs('f', 1)).toEqual(blobs);
  expect(await store.versionBlobs('f', 2)).toBeNull();
  await expect(store.addVersion('f', 1, { ...blobs, at: at(6) })).rejects.toThrow();
}

async function keepsPeople(store: Store): Promise<void> {
  const without = { uses: 0, label: null, maxUses: null, expiresAt: null, revokedAt: null };
  await store.addInvite({ ...without, code: 'later', id: 'l', federation: 'f', createdAt: at(8), maxUses: 2 });
  await store.addInvite({ ...without, code: 'sooner', id: 's', federation: 'f', createdAt: at(7), expiresAt: at(9) });
  const sooner = { ...without, code: 'sooner', id: 't', federation: 'g', createdAt: at(9) };
  await expect(store.addInvite(sooner)).rejects.toThrow();
  expect(await store.useInvite('f', 'sooner', at(8))).toBe(true);
  expect(await store.useInvite('f', 'sooner', at(9))).toBe(false);
  expect(await store.useInvite('g', 'sooner', at(8))).toBe(false);
  expect(await store.hasInvite('f', 'sooner', at(8))).toBe(true);
  expect(await store.hasInvite('f', 'sooner', at(9))).toBe(false);
  expect(await store.hasInvite('g', 'sooner', at(8))).toBe(false);
  expect([await store.useInvite('f', 'later', at(9)), await store.useInvite('f', 'later', at(9))]).toEqual([
    true,
    true,
  ]);
  expect([await store.useInvite('f', 'later', at(9)), await store.hasInvite('f', 'later', at(9))]).toEqual([
    false,
    false,
  ]);
  expect(await store.revokeInvite('g', 's', at(8))).toBe(false);
  expect(await store.revokeInvite('f', 's', at(8))).toBe(true);
  expect(await store.revokeInvite('f', 's', at(9))).toBe(true);
  expect((await store.invites('f'))[0]).toMatchObject({ id: 's', revokedAt: at(8) });
  expect([await store.useInvite('f', 'sooner', at(8)), await store.hasInvite('f', 'sooner', at(8))]).toEqual([
    false,
    false,
  ]);
  expect((await store.invites('f')).map(({ code, uses }) => [code, uses])).toEqual([
    ['sooner', 1],
    ['later', 2],
  ]);

  await store.addClient(clientRow('z', at(10)));
  await store.addClient(clientRow('y', at(11)));
  await store.addClient(clientRow('x', at(11)));
  await store.addClient({ ...clientRow('z', at(12)), name: 'somebody else' });
  await store.updateClient('f', 'z', { maskKept: 50, name: 'Zoe' });
  await store.addTraffic('f', 'z', { up: 5, down: 7 });
  await store.addTraffic('f', 'z', { up: 1, down: 2 });
  expect((await store.clients('f')).map(({ id }) => id)).toEqual(['z', 'x', 'y']);
  expect(await store.client('f', 'z')).toEqual({
    ...clientRow('z', at(10)),
    maskKept: 50,
    name: 'Zoe',
    bytesUp: 6,
    bytesDown: 9,
  });
  expect(await store.client('g', 'z')).toBeNull();
  expect(await store.countClients('f')).toBe(3);
  await store.updateClient('f', 'x', { removedAt: at(13) });
  expect(await store.countClients('f')).toBe(2);
}

async function keepsRounds(store: Store): Promise<void> {
  const round = {
    federation: 'f',
    state: 'training' as const,
    reason: null,
    startedAt: at(20),
    aggregatingAt: null,
    closedAt: null,
  };
  for (const [number, attempt] of [
    [2, 1],
    [1, 2],
    [1, 1],
  ] as const)
    await store.addRound({ ...round, number, attempt });
  await store.addRound({ ...round, number: 1, attempt: 1, reason: 'a repeat is not taken' });
  await store.updateRound('f', { round: 1, attempt: 1 }, { state: 'failed', reason: 'too few', closedAt: at(21) });
  expect((await store.rounds('f')).map(({ number, attempt, state }) => [number, attempt, state])).toEqual([
    [1, 1, 'failed'],
    [1, 2, 'training'],
    [2, 1, 'training'],
  ]);
  expect((await store.rounds('f'))[0]).toMatchObject({ reason: 'too few', closedAt: at(21) });

  await store.addSubmission(submissionRow('x', 2, 1));
  await store.addSubmission(submissionRow('z', 1, 2));
  await store.addSubmission(submissionRow('x', 1, 1));
  await expect(store.addSubmission(submissionRow('x', 1, 3))).rejects.toThrow();
  expect(await store.submission('f', 1, 'z')).toEqual(submissionRow('z', 1, 2));
  expect(await store.lastSubmission('f', 'x')).toBe(2);
  expect(await store.lastSubmission('f', 'y')).toBeNull();
  const told = async (rounds?: number[]) =>
    (await store.submissions('f', rounds)).map(({ round, client }) => `${round}${client}`);
  expect(await told()).toEqual(['1x', '1z', '2x']);
  expect(await told([1])).toEqual(['1x', '1z']);
  await store.removeSubmission('f', 1, 'x');
  expect(await told()).toEqual(['1z', '2x']);
  await store.removeSubmissions('f', 1);
  expect(await told()).toEqual(['2x']);
}

async function keepsTheLog(store: Store): Promise<void> {
  const event = (text: string) => ({ at: at(30), kind: 'note', text, data: { text } });
  await store.appendEvents('f', []);
  await store.appendEvents('f', [event('one'), event('two')]);
  await store.appendEvents('g', [event('elsewhere')]);
  await store.appendEvents('f', [event('three')]);
  expect((await store.events('f', 2)).map(({ sequence, text }) => [sequence, text])).toEqual([
    [2, 'two'],
    [3, 'three'],
  ]);
  expect((await store.events('g', 10)).map(({ sequence, data }) => [sequence, data])).toEqual([
    [1, { text: 'elsewhere' }],
  ]);
  await store.appendEvents('f', [{ ...event('four'), kind: 'rare' }]);
  const page = async (asked: EventPage) => (await store.eventPage('f', asked)).map(({ sequence }) => sequence);
  expect(await page({ limit: 3 })).toEqual([2, 3, 4]);
  expect(await page({ after: 1, limit: 2 })).toEqual([2, 3]);
  expect(await page({ after: 0, limit: 9, kinds: ['rare', 'never'] })).toEqual([4]);
  expect(await page({ after: 4, limit: 9 })).toEqual([]);
}

async function keepsTransactionsWhole(store: Store): Promise<void> {
  const before = { clients: await store.clients('f'), events: await store.events('f', 100) };
  const failing = store.transaction(async (tx) => {
    await tx.addClient(clientRow('w', at(40)));
    expect(await tx.client('f', 'w')).not.toBeNull();
    await tx.appendEvents('f', [{ at: at(40), kind: 'note', text: 'never', data: {} }]);
    throw new Error('half-way');
  });
  await expect(failing).rejects.toThrow('half-way');
  expect({ clients: await store.clients('f'), events: await store.events('f', 100) }).toEqual(before);
  await store.transaction(async (tx) => tx.addClient(clientRow('w', at(40))));
  expect(await store.client('f', 'w')).not.toBeNull();
}

it('the store in memory has every method of the store', () => {
  const own = (type: { prototype: object }) => Object.getOwnPropertyNames(type.prototype);
  expect(own(MemoryStore)).toEqual(expect.arrayContaining(own(SqlStore)));
});
