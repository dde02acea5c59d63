import 'fake-indexeddb/auto';
import { encodeClientRecord } from '@perfit/federation';
import { sampleRecord } from '@perfit/testkit';
import { afterEach, expect, it } from 'vitest';
import { clientRecords, loadRecord } from './client-records.ts';
import { database, deleteDatabase, forgetSeat, keyOf } from './database.ts';

const seat = { federation: 'village', as: 'me' };
const floats = (from: number) => Float32Array.from({ length: 9 }, (_, p) => from + p / 3);

const recordOf = (round: number) => sampleRecord(round, floats(round));

const partKeys = async () => (await database()).getAllKeys('recordParts');

afterEach(async () => {
  (await database()).close();
  await deleteDatabase();
});

it('a record is read as it was saved, and parts that it does not have any more are gone', async () => {
  const store = clientRecords(seat, () => {});
  const [first, second] = [recordOf(1), recordOf(2)];
  await store.save('village', first);
  expect(await loadRecord(seat)).toEqual(first);
  await store.save('village', { ...second, mask: first.mask });
  expect(await loadRecord(seat)).toEqual(second);
  expect(await partKeys()).toHaveLength(2);
});

it('two seats of one federation have parts of their own, and one that is forgotten leaves nothing', async () => {
  const other = { ...seat, as: 'you' };
  await clientRecords(seat, () => {}).save('village', recordOf(1));
  await clientRecords(other, () => {}).save('village', recordOf(1));
  expect(await partKeys()).toHaveLength(4);
  await forgetSeat(keyOf(other));
  expect(await loadRecord(other)).toBeNull();
  expect(await loadRecord(seat)).toEqual(recordOf(1));
  expect(await partKeys()).toHaveLength(2);
});

it('a record of one piece, as earlier versions wrote it, is read and saved in parts', async () => {
  const record = recordOf(3);
  await (await database()).put('records', await encodeClientRecord(record), keyOf(seat));
  const store = clientRecords(seat, () => {});
  expect(await store.load('village')).toEqual(record);
  await store.save('village', record);
  expect(await loadRecord(seat)).toEqual(record);
  expect(await partKeys()).toHaveLength(2);
});

it('is put back whole where the browser was made to forget it', async () => {
  const store = clientRecords(seat, () => {});
  await store.save('village', recordOf(4));
  await forgetSeat(keyOf(seat));
  await store.putBack();
  expect(await loadRecord(seat)).toEqual(recordOf(4));
});
