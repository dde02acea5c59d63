import type { Aggregation } from './aggregation.ts';
import { deltaNorm } from './delta-check.ts';

/**
 * Every delta is shortened to at most `clipNorm` before it is folded in, Δ·min(1, C/‖Δ‖₂), so that no client moves the
 * mean by more than its share of C. What is longer than `maxDeltaNorm` is refused before (UP3).
 * Source: Sun et al. 2019 (arXiv 1911.07963), section 4, norm thresholding; without its noise.
 */
export function clipped(aggregation: Aggregation, clipNorm: number): Aggregation {
  return {
    ...aggregation,
    add(mask, packedDelta, weight) {
      const norm = deltaNorm(packedDelta);
      const short = norm > clipNorm ? packedDelta.map((value) => value * (clipNorm / norm)) : packedDelta;
      aggregation.add(mask, short, weight);
    },
  };
}
