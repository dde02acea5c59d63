import { join } from 'node:path';
import { aggregate, layoutOf } from '@perfit/federation';
import { Adapters, type FederationRoom, UploadService, UploadSlots } from '@perfit/federation/coordinator';
import {
  type AnnouncementName,
  encodeMask,
  encodeValues,
  federationConfigSchema,
  maskHash,
  ProtocolError,
  type Receipt,
  type RequestOf,
  sha256Hex,
} from '@perfit/protocol';
import { initialTheta, Mask } from '@perfit/protocol/space';
import { ManualClock, newIdentity, readyMessage, smallFederation, tinyDimensions } from '@perfit/testkit';
import { type Folders, makeFolders } from '@perfit/testkit/coordinator';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BlobStore } from '../src/blobs/blob-store.ts';
import { Federations } from '../src/federations/federations.ts';
import { ModelCatalogue } from '../src/models/model-catalogue.ts';
import { type OpenDatabase, openDatabase } from '../src/store/database.ts';
import { SqlStore, type Store } from '../src/store/store.ts';

/** A store that fails when it is told to: before anything is stored, or after everything is (its answer was lost). */
class FailingStore extends SqlStore {
  next: ('works' | 'before' | 'after')[] = [];

  override async transaction<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const fate = this.next.shift() ?? 'works';
    if (fate === 'before') throw new Error('the database is gone');
    const result = await super.transaction(work);
    if (fate === 'after') throw new Error('the database is gone, and its answer with it');
    return result;
  }
}

let folders: Folders;
let database: OpenDatabase;
let store: FailingStore;
let federations: Federations;
const clock = new ManualClock();
const config = federationConfigSchema.parse({ ...smallFederation, access: 'open' });
const layout = layoutOf(config, tinyDimensions);

beforeAll(async () => {
  folders = await makeFolders();
  const { dataDirectory, modelsDirectory } = folders;
  database = await openDatabase(join(dataDirectory, 'database'));
  store = new FailingStore(database.database);
  federations = new Federations({
    dataDirectory,
    store,
    adapters: new Adapters(await BlobStore.open(join(dataDirectory, 'blobs')), store),
    models: await ModelCatalogue.open(modelsDirectory),
    clock,
    logger: pino({ level: 'silent' }),
    maxClients: 100,
  });
}, 120_000);

afterAll(async () => {
  await federations.close();
  await database.close();
  await folders.remove();
});

/** A client that sits in the room without a wire. */
async function seated(room: FederationRoom, seed: number) {
  const { publicKey, client } = await newIdentity();
  const heard: AnnouncementName[] = [];
  const connection = { send: (name: AnnouncementName) => void heard.push(name), replace() {}, remove() {}, close() {} };
  await room.roster.enter({ publicKey, agent: 'test', invite: null, isReturning: false }, connection);
  await room.roster.ready(client, connection, readyMessage);
  await room.roster.takePart(client, connection);
  const desk = new UploadService(room, client, new UploadSlots(10, clock));
  const upload = async (announce: RequestOf<'announce'>, bytes: Uint8Array): Promise<Receipt> => {
    const answer = await desk.announce(announce);
    if (answer.state === 'done') return answer.receipt;
    if (answer.offset < bytes.length) {
      await desk.chunk({ upload: answer.upload, offset: answer.offset, data: bytes.subarray(answer.offset) });
    }
    return desk.complete({ upload: answer.upload });
  };
  const mask = Mask.from(layout.size, (p) => p % 2 === seed % 2);
  const values = Float32Array.from({ length: mask.kept }, (_, i) => (i % 7) * 0.01 * seed);
  const { layoutHash } = room.space;
  const encoded = await encodeMask(mask, layoutHash);
  const delta = encodeValues(values, 'f32', { layoutHash, maskHash: await maskHash(mask) });
  return {
    heard,
    mask,
    values,
    sendMask: async () =>
      upload({ kind: 'mask', round: 1, bytes: encoded.length, sha256: await sha256Hex(encoded) }, encoded),
    sendDelta: async () => {
      const report = { examples: 50, steps: 1, seconds: 1 };
      const sha256 = await sha256Hex(delta);
      return upload({ kind: 'delta', round: 1, attempt: 1, bytes: delta.length, sha256, report }, delta);
    },
  };
}

async function inRound() {
  const { room } = await federations.create(config);
  await federations.act(room.id, 'start');
  const [a, b] = [await seated(room, 1), await seated(room, 2)];
  await a.sendMask();
  await b.sendMask();
  const expected = aggregate(
    initialTheta(layout, 1),
    [a, b].map(({ mask, values }) => ({ mask, delta: values, weight: 50 })),
  );
  /** Timers of retries, until the round is committed. */
  const committed = async () => {
    for (let i = 0; i < 20 && room.status.version === 0; i++) {
      clock.advance(1_000);
      await room.act('start');
    }
    expect(await room.theta(1)).toEqual(expected);
    expect((await store.submissions(room.id, [1])).map((row) => row.position)).toEqual([1, 2]);
  };
  return { room, a, b, committed };
}

it.each(['before', 'after'] as const)(
  '[RD3] a submission that the store failed %s is refused as storage-failed, and counts once when it comes again',
  async (fate) => {
    const { a, b, committed } = await inRound();
    store.next = [fate];
    await expect(a.sendDelta()).rejects.toMatchObject({ code: 'storage-failed' });
    await a.sendDelta();
    await b.sendDelta();
    await committed();
  },
);

it.each(['before', 'after'] as const)(
  '[RD3] the last submission of a round, failed %s: the round is committed',
  async (fate) => {
    const { a, b, committed } = await inRound();
    await a.sendDelta();
    store.next = [fate];
    await expect(b.sendDelta()).rejects.toBeInstanceOf(ProtocolError);
    await b.sendDelta();
    await committed();
  },
);

it.each([
  ['before', ['works', 'before']],
  ['after', ['works', 'after']],
  ['before, and cannot store that either', ['works', 'before', 'before']],
] as const)('[RD3] a commit that the store failed %s is tried again, and comes out the same', async (_, fates) => {
  const { room, a, b, committed } = await inRound();
  await a.sendDelta();
  store.next = [...fates];
  await b.sendDelta();
  await committed();
  await room.act('pause');
  expect(a.heard).toContain('offer');
});

it('[RD3] a commit whose step was stored unknown to us is made up for, also behind a pause that was too', async () => {
  const { room, a, b, committed } = await inRound();
  await a.sendDelta();
  store.next = ['after'];
  await expect(b.sendDelta()).rejects.toMatchObject({ code: 'storage-failed' });
  store.next = ['after'];
  await expect(room.act('pause')).rejects.toMatchObject({ code: 'storage-failed' });
  await room.act('resume');
  await committed();
});

it('[RD3] nobody needs to ask for it: what was stored unknown to us is looked up after a while', async () => {
  const { a, b, committed } = await inRound();
  await a.sendDelta();
  store.next = ['after'];
  await expect(b.sendDelta()).rejects.toMatchObject({ code: 'storage-failed' });
  await committed();
});
