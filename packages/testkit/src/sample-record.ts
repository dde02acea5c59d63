import type { ClientRecord } from '@perfit/federation';
import { Mask } from '@perfit/protocol/space';

/** What a client keeps between two rounds: nine positions, of which it owns five, tuned in a round. */
export function sampleRecord(round: number, theta: Float32Array): ClientRecord {
  return {
    layoutHash: 'ab'.repeat(32),
    mask: Mask.from(9, (p) => p % 2 === 0),
    maskRound: 1,
    tuned: { round, theta },
    best: null,
    basePerplexity: 12.5,
    inProgress: null,
    search: null,
    residual: null,
    tunedRounds: [],
    mean: null,
    twin: null,
    kept: null,
  };
}
