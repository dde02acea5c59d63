import { Mask, seededRandom } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClientRecord, decodeClientRecord, encodeClientRecord } from '../src/index.ts';

function arbitraryRecord(): fc.Arbitrary<ClientRecord> {
  const parts = fc.record({
    size: fc.integer({ min: 1, max: 60 }),
    seed: fc.nat(),
    hasMask: fc.boolean(),
    hasTuned: fc.boolean(),
    hasBest: fc.boolean(),
    hasReceived: fc.boolean(),
    hasBase: fc.boolean(),
    hasResidual: fc.boolean(),
    search: fc.constantFrom('none', 'warm-up', 'pruning'),
    progress: fc.constantFrom('none', 'begun', 'checkpoint', 'finished'),
    perplexity: fc.oneof(
      fc.double({ min: 1, noNaN: true }),
      fc.constant(Number.POSITIVE_INFINITY),
      fc.constant(Number.NaN),
    ),
  });
  return parts.map(
    ({ size, seed, hasMask, hasTuned, hasBest, hasReceived, hasBase, hasResidual, search, progress, perplexity }) => {
      const random = seededRandom(seed);
      const floats = (length: number) => Float32Array.from({ length }, () => 2 * random() - 1);
      const theta = () => floats(size);
      const exchanged = Mask.from(size, () => random() < 0.5);
      return {
        layoutHash: 'ab'.repeat(32),
        mask: hasMask ? Mask.from(size, () => random() < 0.5) : null,
        maskRound: hasMask ? 3 : null,
        tuned: hasTuned ? { round: 2, theta: theta() } : null,
        best: hasBest
          ? { round: 1, ...(hasReceived ? { of: 'received' as const } : {}), theta: theta(), perplexity }
          : null,
        basePerplexity: hasBase ? perplexity : null,
        inProgress:
          progress === 'none'
            ? null
            : {
                round: 3,
                attempt: 2,
                start: theta(),
                received: hasReceived ? theta() : null,
                receivedPerplexity: perplexity,
                checkpoint:
                  progress === 'checkpoint'
                    ? { step: 7, theta: theta(), firstMoment: theta(), secondMoment: theta() }
                    : null,
                finished: progress === 'finished' ? { steps: 9, seconds: 1.5, loss: perplexity, perplexity } : null,
              },
        search:
          search === 'none'
            ? null
            : {
                round: 3,
                density: 0.25,
                checkpoint:
                  search === 'warm-up'
                    ? { part: search, tuning: { step: 4, theta: theta(), firstMoment: theta(), secondMoment: theta() } }
                    : { part: 'pruning', warm: theta(), iteration: 2, mask: Mask.from(size, () => random() < 0.5) },
              },
        residual: hasResidual
          ? { round: 2, mask: exchanged, before: floats(exchanged.kept), after: floats(exchanged.kept) }
          : null,
      };
    },
  );
}

describe('client record codec', () => {
  it('gives back every record, with what JSON cannot say', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRecord(), async (record) => {
        const { record: decoded, reason } = await decodeClientRecord(await encodeClientRecord(record));
        expect(reason).toBe(null);
        expect(decoded).toEqual(record);
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
      expect((await decodeClientRecord(buffer)).record).toEqual(record);
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
