import { Mask, seededRandom } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryRecord, ofOnePiece } from '../../test/arbitrary-record.ts';
import { type ClientRecord, encodeClientRecord, type PartStorage, recordStore, type WrittenRecord } from '../index.ts';

/** Heads and parts in memory, with what each write brought. */
class MemoryParts implements PartStorage {
  readonly heads = new Map<string, Uint8Array>();
  readonly parts = new Map<string, Uint8Array>();
  written: number[] = [];
  isFull = false;

  async head(federation: string) {
    return this.heads.get(federation) ?? null;
  }

  async part(_: string, name: string) {
    return this.parts.get(name) ?? null;
  }

  async write(federation: string, { head, added, names }: WrittenRecord) {
    if (this.isFull) throw new Error('the disk is full');
    for (const [name, bytes] of added) this.parts.set(name, bytes.slice());
    this.heads.set(federation, head);
    for (const name of this.parts.keys()) if (!names.has(name)) this.parts.delete(name);
    this.written.push(head.length + [...added.values()].reduce((sum, { length }) => sum + length, 0));
  }

  async remove(federation: string) {
    this.heads.delete(federation);
    this.parts.clear();
  }
}

const again = (parts: MemoryParts) => recordStore(parts).load('f');

describe('recordStore', () => {
  it('gives back every record, after any record before it', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRecord(), arbitraryRecord(), async (first, second) => {
        const parts = new MemoryParts();
        const store = recordStore(parts);
        for (const record of [first, second, first]) {
          await store.save('f', record);
          expect(await again(parts)).toEqual(record);
        }
      }),
    );
  });

  it('a checkpoint writes what may have moved, and nothing else', async () => {
    const size = 10_000;
    const random = seededRandom(1);
    const floats = () => Float32Array.from({ length: size }, () => random() - 0.5);
    const mask = Mask.from(size, (p) => p % 2 === 0);
    const [start, best, tuned] = [floats(), floats(), floats()];
    const at = (step: number): ClientRecord => {
      const moment = () => mask.apply(floats());
      return {
        layoutHash: 'ab'.repeat(32),
        mask,
        maskRound: 1,
        tuned: { round: 1, theta: tuned },
        best: { round: 1, theta: best, perplexity: 3 },
        basePerplexity: 9,
        inProgress: {
          round: 2,
          attempt: 1,
          start,
          received: null,
          receivedPerplexity: 5,
          checkpoint: {
            step,
            theta: mask.unpack(mask.pack(floats()), start),
            firstMoment: moment(),
            secondMoment: moment(),
          },
          finished: null,
        },
        search: null,
        residual: null,
        tunedRounds: [],
        mean: null,
        twin: null,
        kept: null,
      };
    };
    const parts = new MemoryParts();
    const store = recordStore(parts);
    const records = [1, 2, 3].map(at);
    for (const record of records) await store.save('f', record);
    expect(await again(parts)).toEqual(records[2]);
    const whole = (await encodeClientRecord(records[2] as ClientRecord)).length;
    expect(whole).toBeGreaterThan(6 * 4 * size);
    // Three halves of N in place of six whole ones and a mask.
    expect(parts.written.slice(1).every((bytes) => bytes < 3 * 2 * size + 2_000)).toBe(true);
  });

  it('what moved outside of the mask is kept whole', async () => {
    const mask = Mask.from(4, (p) => p < 2);
    const theta = Float32Array.of(1, 2, 3, 4);
    const record: ClientRecord = {
      layoutHash: 'ab'.repeat(32),
      mask,
      maskRound: 1,
      tuned: { round: 1, theta },
      best: null,
      basePerplexity: null,
      inProgress: {
        round: 2,
        attempt: 1,
        start: Float32Array.of(0, 0, 0, 0),
        received: null,
        receivedPerplexity: 5,
        checkpoint: { step: 1, theta, firstMoment: new Float32Array(4), secondMoment: new Float32Array(4) },
        finished: null,
      },
      search: null,
      residual: null,
      tunedRounds: [],
      mean: null,
      twin: null,
      kept: null,
    };
    const parts = new MemoryParts();
    await recordStore(parts).save('f', record);
    expect(await again(parts)).toEqual(record);
  });

  it('the same array whole and packed is both', async () => {
    const mask = Mask.from(4, (p) => p < 2);
    const start = Float32Array.of(5, 6, 7, 8);
    const theta = Float32Array.of(1, 2, 7, 8);
    const checkpoint = { step: 1, theta, firstMoment: new Float32Array(4), secondMoment: new Float32Array(4) };
    const inProgress = {
      round: 2,
      attempt: 1,
      start,
      received: null,
      receivedPerplexity: 5,
      checkpoint,
      finished: null,
    };
    const nothing = {
      best: null,
      basePerplexity: null,
      search: null,
      residual: null,
      tunedRounds: [],
      mean: null,
      twin: null,
      kept: null,
    };
    const before: ClientRecord = {
      layoutHash: 'ab'.repeat(32),
      mask,
      maskRound: 1,
      tuned: null,
      inProgress,
      ...nothing,
    };
    const parts = new MemoryParts();
    const store = recordStore(parts);
    await store.save('f', before);
    const after = { ...before, tuned: { round: 2, theta } };
    await store.save('f', after);
    expect(await again(parts)).toEqual(after);
  });

  it('reads records of one piece, as they were written before', async () => {
    const [record] = fc.sample(arbitraryRecord(), 1) as [ClientRecord];
    const parts = new MemoryParts();
    parts.heads.set('f', await encodeClientRecord(record));
    const store = recordStore(parts);
    expect(await store.load('f')).toEqual(ofOnePiece(record));
    await store.save('f', record);
    expect(await again(parts)).toEqual(record);
  });

  it('writes again what a full disk did not take', async () => {
    const [first, second] = fc.sample(arbitraryRecord(), 2) as [ClientRecord, ClientRecord];
    const parts = new MemoryParts();
    const store = recordStore(parts);
    await store.save('f', first);
    parts.isFull = true;
    await expect(store.save('f', second)).rejects.toThrow('the disk is full');
    expect(await again(parts)).toEqual(first);
    parts.isFull = false;
    await store.save('f', second);
    expect(await again(parts)).toEqual(second);
  });

  it('what is damaged or half there is as good as none, with the reason', async () => {
    const record = fc.sample(
      arbitraryRecord().filter(({ tuned }) => tuned !== null),
      1,
    )[0] as ClientRecord;
    const damages: [(parts: MemoryParts) => void, RegExp][] = [
      [(parts) => parts.parts.clear(), /a part of the record is missing/],
      [({ parts }) => void [...parts.values()].map((bytes) => bytes.fill(9)), /a part of the record is damaged/],
      [(parts) => parts.heads.get('f')?.fill(32, 80, 82), /the record is damaged/],
      [(parts) => parts.heads.set('f', new Uint8Array(7)), /not a record/],
    ];
    for (const [damage, says] of damages) {
      const parts = new MemoryParts();
      await recordStore(parts).save('f', record);
      damage(parts);
      const reasons: string[] = [];
      expect(await recordStore(parts, (reason) => reasons.push(reason)).load('f')).toBeNull();
      expect(reasons).toEqual([expect.stringMatching(says)]);
    }
  });
});
