import type { StrategySpace } from '../strategy.ts';

/** For methods that divide the space by ranks: their scale is α/r as FedIT's, whatever rank the space has. */
export function spaceOfRank(rank: number, lora: { readonly rank: number; readonly alpha: number }): StrategySpace {
  return { rank, alpha: (lora.alpha * rank) / lora.rank, trains: 'both' };
}
