import type { Layout } from '@perfit/protocol/space';
import type { Ranks } from './modules.ts';

/** How FLoRA uses its space: what all rounds so far have added up to, frozen, and before the fresh adapter. */
export function floraRanks({ rank }: Layout, freshRank: number): { stacked: Ranks; fresh: Ranks } {
  return { stacked: { first: 0, end: rank - freshRank }, fresh: { first: rank - freshRank, end: rank } };
}

/** The rank that holds any sum of products exactly: the narrower side of the widest module. */
export function floraStackRank(modules: readonly { inWidth: number; outWidth: number }[]): number {
  return Math.max(...modules.map(({ inWidth, outWidth }) => Math.min(inWidth, outWidth)));
}
