import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketLength, makeBatches } from './batches.ts';
import { NO_LOSS, type TokenizedExample } from './examples.ts';

const PAD = 9999;

/** Ids that name the example and the position, so that a batch can be read back. */
function example(index: number, length: number): TokenizedExample {
  const ids = Int32Array.from({ length }, (_, t) => index * 1000 + t);
  return { ids, labels: ids.map((id, t) => (t * 2 < length ? NO_LOSS : id)) };
}

const someExamples = fc
  .array(fc.integer({ min: 2, max: 120 }), { minLength: 1, maxLength: 60 })
  .map((lengths) => lengths.map((length, i) => example(i, length)));

describe('makeBatches', () => {
  it('shifts the labels by one and pads to the right', () => {
    const ids = Int32Array.of(10, 11, 12, 13);
    const labels = Int32Array.of(NO_LOSS, NO_LOSS, 12, 13);
    const [batch] = makeBatches([{ ids, labels }], { batchSize: 2, maxLength: 64, padId: PAD });
    expect(batch).toMatchObject({ rows: 1, length: 32, tokens: 3 });
    expect([...(batch?.inputIds ?? [])].slice(0, 4)).toEqual([10, 11, 12, PAD]);
    expect([...(batch?.labels ?? [])].slice(0, 4)).toEqual([NO_LOSS, 12, 13, NO_LOSS]);
  });

  it.each([undefined, 5])('loses no token and no label, in full batches of bucket lengths (seed %s)', (seed) => {
    fc.assert(
      fc.property(someExamples, fc.integer({ min: 1, max: 9 }), (examples, batchSize) => {
        const batches = makeBatches(examples, { batchSize, maxLength: 119, padId: PAD, ...(seed ? { seed } : {}) });
        const rows = batches.flatMap((batch) =>
          Array.from({ length: batch.rows }, (_, row) => {
            const cells = [row * batch.length, (row + 1) * batch.length] as const;
            return { ids: [...batch.inputIds.subarray(...cells)], labels: [...batch.labels.subarray(...cells)] };
          }),
        );
        const seen = rows.map(({ ids, labels }) => {
          const length = ids.filter((id) => id !== PAD).length;
          const source = examples[Math.floor((ids[0] as number) / 1000)];
          expect(ids.slice(0, length)).toEqual([...(source?.ids.slice(0, -1) ?? [])]);
          expect(labels.slice(0, length)).toEqual([...(source?.labels.slice(1) ?? [])]);
          expect(new Set(labels.slice(length))).toEqual(new Set(length < ids.length ? [NO_LOSS] : []));
          return ids[0];
        });
        expect(new Set(seen).size).toBe(examples.length);
        expect(seen.length).toBe(examples.length);
        for (const [i, batch] of batches.entries()) {
          expect(batch.length === bucketLength(batch.length, 119)).toBe(true);
          expect(batch.inputIds.length).toBe(batch.rows * batch.length);
          if (i < batches.length - 1) expect(batch.rows).toBe(batchSize);
        }
        const tokens = batches.reduce((sum, batch) => sum + batch.tokens, 0);
        expect(tokens).toBe(examples.reduce((sum, { ids }) => sum + ids.length - 1, 0));
      }),
    );
  });

  it('has one order a seed, and goes by length without one', () => {
    const examples = Array.from({ length: 50 }, (_, i) => example(i, 2 + ((i * 37) % 90)));
    const order = (seed?: number) =>
      makeBatches(examples, { batchSize: 4, maxLength: 128, padId: PAD, ...(seed === undefined ? {} : { seed }) }).map(
        (batch) => batch.inputIds[0],
      );
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order()).toEqual(order());
    const lengths = makeBatches(examples, { batchSize: 4, maxLength: 128, padId: PAD }).map((batch) => batch.length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  });

  it('pads little more than sorting everything would', () => {
    const examples = Array.from({ length: 400 }, (_, i) => example(i % 9, 10 + ((i * 53) % 110)));
    const cells = (seed?: number) =>
      makeBatches(examples, { batchSize: 4, maxLength: 128, padId: PAD, ...(seed ? { seed } : {}) }).reduce(
        (sum, batch) => sum + batch.inputIds.length,
        0,
      );
    expect(cells(3)).toBeLessThan(1.2 * cells());
  });

  it('refuses a row that does not fit, and passes over one that predicts nothing', () => {
    expect(() => makeBatches([example(0, 66)], { batchSize: 1, maxLength: 64, padId: PAD })).toThrow(RangeError);
    expect(makeBatches([example(0, 1)], { batchSize: 1, maxLength: 64, padId: PAD })).toEqual([]);
    expect(() => makeBatches([], { batchSize: 0, maxLength: 64, padId: PAD })).toThrow(RangeError);
  });
});

describe('bucketLength', () => {
  it('is the smallest bucket, and never above the limit', () => {
    expect([1, 32, 33, 97, 128, 129, 1025].map((length) => bucketLength(length, 10_000))).toEqual([
      32, 32, 48, 128, 128, 160, 1536,
    ]);
    expect(bucketLength(97, 100)).toBe(100);
    expect(bucketLength(5000, 10_000)).toBe(5120);
  });
});
