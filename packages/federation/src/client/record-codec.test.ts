import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryRecord, ofOnePiece } from '../../test/arbitrary-record.ts';
import { type ClientRecord, decodeClientRecord, encodeClientRecord } from '../index.ts';

describe('client record codec', () => {
  it('gives back every record, with what JSON cannot say', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRecord(), async (record) => {
        const { record: decoded, reason } = await decodeClientRecord(await encodeClientRecord(record));
        expect(reason).toBe(null);
        expect(decoded).toEqual(ofOnePiece(record));
      }),
    );
  });

  it('reads from a view at any offset of a larger buffer, as files and messages come', async () => {
    const record = fc
      .sample(arbitraryRecord(), { numRuns: 20, seed: 1 })
      .find((each) => each.tuned && each.mask) as ClientRecord;
    const bytes = await encodeClientRecord(record);
    for (const offset of [1, 2, 3, 4]) {
      const buffer = Buffer.concat([Buffer.alloc(offset), bytes]).subarray(offset);
      expect((await decodeClientRecord(buffer)).record).toEqual(ofOnePiece(record));
    }
  });

  it('takes a damaged record for none, says why, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRecord(), fc.nat(), fc.boolean(), async (record, at, cut) => {
        const good = await encodeClientRecord(record);
        const bad = good.slice(0, cut ? at % good.length : good.length);
        if (!cut) bad[at % good.length] = (bad[at % good.length] as number) ^ (1 + (at % 255));
        const { record: decoded, reason } = await decodeClientRecord(bad);
        expect(decoded).toBe(null);
        expect(reason).toMatch(/record/);
      }),
    );
    const former = await encodeClientRecord(fc.sample(arbitraryRecord(), 1)[0] as ClientRecord);
    former[4] = 1;
    expect((await decodeClientRecord(former)).reason).toBe('the record has format 1, this program reads 2');
    for (const bytes of [new Uint8Array(0), new Uint8Array(200).fill(0x50)]) {
      expect((await decodeClientRecord(bytes)).reason).toBe('not a record');
    }
  });
});
