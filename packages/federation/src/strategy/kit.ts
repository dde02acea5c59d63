import { Mask } from '@perfit/protocol/space';
import { isAlone } from './parts/alone.ts';
import { plainLora } from './parts/plain-lora.ts';
import { positionsOf, ranksOf } from './parts/positions.ts';
import { spaceOfRank } from './parts/rank-space.ts';
import { searching } from './parts/searching.ts';
import { sharedAndOwn, thetaZero } from './parts/shared-and-own.ts';

/** What a strategy of one's own is put together from: the parts of those that are built in. */
export const strategyKit = {
  /** Sets of positions of θ. */
  Mask,
  /** FedIT's methods. */
  plainLora,
  /** PerFIT's, with a search of one's own settings. */
  searching,
  spaceOfRank,
  positionsOf,
  ranksOf,
  sharedAndOwn,
  thetaZero,
  isAlone,
} as const;
export type StrategyKit = typeof strategyKit;
