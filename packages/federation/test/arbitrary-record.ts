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
