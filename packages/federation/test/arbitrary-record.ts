import { Mask, seededRandom } from '@perfit/protocol/space';
import fc from 'fast-check';
import type { ClientRecord } from '../src/index.ts';

/** Any record that a client may come to have. */
export function arbitraryRecord(): fc.Arbitrary<ClientRecord> {
  const parts = fc.record({
    size: fc.integer({ min: 1, max: 60 }),
    seed: fc.nat(),
    hasMask: fc.boolean(),
    hasTuned: fc.boolean(),
    hasBest: fc.boolean(),
    hasReceived: fc.boolean(),
    hasBase: fc.boolean(),
    hasResidual: fc.boolean(),
    twin: fc.constantFrom('none', 'begun', 'at work', 'done'),
    search: fc.constantFrom('none', 'warm-up', 'pruning'),
    progress: fc.constantFrom('none', 'begun', 'checkpoint', 'finished'),
    perplexity: fc.oneof(
      fc.double({ min: 1, noNaN: true }),
      fc.constant(Number.POSITIVE_INFINITY),
      fc.constant(Number.NaN),
    ),
  });
  return parts.map(
    ({
      size,
      seed,
      hasMask,
      hasTuned,
      hasBest,
      hasReceived,
      hasBase,
      hasResidual,
      twin,
      search,
      progress,
      perplexity,
    }) => {
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
        tunedRounds: hasTuned ? [1, 2] : [],
        mean: hasTuned ? { count: 2, theta: theta() } : null,
        twin:
          twin === 'none'
            ? null
            : {
                tunings: twin === 'begun' ? 0 : 1,
                theta: theta(),
                mean: twin === 'begun' ? null : { count: 1, theta: theta() },
                best: twin === 'begun' ? null : { round: 1, theta: theta(), perplexity },
                checkpoint:
                  twin === 'at work' ? { step: 3, theta: theta(), firstMoment: theta(), secondMoment: theta() } : null,
              },
        kept: twin === 'done' ? { round: 2, of: 'alone-mean', theta: theta(), perplexity: null } : null,
      };
    },
  );
}

/** As it was written before clients had twins. */
export function ofOnePiece(record: ClientRecord): ClientRecord {
  return { ...record, tunedRounds: [], mean: null, twin: null, kept: null };
}
