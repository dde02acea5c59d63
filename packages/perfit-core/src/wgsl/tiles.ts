import { softwareNames } from '../backend/webgpu-device.ts';
import { sharedBytes, type TileShape, threadsOf } from './tiled-product.ts';

/** Tiles of the products by their kind. */
export interface Tiles {
  /** Wide outputs: x Wᵀ, its gradient to x, the head. */
  readonly wide: TileShape;
  /** Outputs as wide as the rank: x Aᵀ, dy B, and the gradients of A and B. */
  readonly narrow: TileShape;
}

const narrow: TileShape = { tileM: 32, tileN: 16, tileK: 32, threadM: 4, threadN: 4 };

/** What an adapter begins with, before anything was measured on it. */
export const DEFAULT_TILES: Tiles = {
  wide: { tileM: 64, tileN: 64, tileK: 16, threadM: 8, threadN: 8 },
  narrow,
};

/** Software devices compile for seconds: a quarter of the code. */
const COMPACT_TILES: Tiles = {
  wide: { tileM: 32, tileN: 32, tileK: 16, threadM: 4, threadN: 4 },
  narrow: { tileM: 16, tileN: 16, tileK: 16, threadM: 4, threadN: 4 },
};

/** What the autotune tries, the default first. */
export const WIDE_CANDIDATES: readonly TileShape[] = [
  DEFAULT_TILES.wide,
  { tileM: 64, tileN: 64, tileK: 32, threadM: 8, threadN: 8 },
  { tileM: 64, tileN: 64, tileK: 16, threadM: 4, threadN: 8 },
  { tileM: 64, tileN: 64, tileK: 16, threadM: 4, threadN: 4 },
  { tileM: 128, tileN: 64, tileK: 16, threadM: 8, threadN: 8 },
  { tileM: 128, tileN: 128, tileK: 16, threadM: 8, threadN: 8 },
  { tileM: 32, tileN: 64, tileK: 32, threadM: 4, threadN: 8 },
  { tileM: 32, tileN: 32, tileK: 32, threadM: 4, threadN: 4 },
];

export const NARROW_CANDIDATES: readonly TileShape[] = [
  narrow,
  { tileM: 16, tileN: 16, tileK: 64, threadM: 4, threadN: 4 },
  { tileM: 64, tileN: 16, tileK: 32, threadM: 4, threadN: 4 },
  { tileM: 64, tileN: 16, tileK: 32, threadM: 8, threadN: 4 },
  { tileM: 64, tileN: 32, tileK: 16, threadM: 4, threadN: 4 },
];

/** Those that the device has room for. */
export function possible(candidates: readonly TileShape[], limits: GPUSupportedLimits): TileShape[] {
  return candidates.filter(
    (tile) =>
      threadsOf(tile) <= limits.maxComputeInvocationsPerWorkgroup &&
      threadsOf(tile) <= limits.maxComputeWorkgroupSizeX &&
      // The head's loss keeps two numbers a row and thread beside the tiles.
      sharedBytes(tile) + 8 * tile.tileM * (tile.tileN / tile.threadN) <= limits.maxComputeWorkgroupStorageSize,
  );
}

/** @param adapter how the adapter describes itself */
export function firstTiles(adapter: string): Tiles {
  // lavapipe computes wide tiles at twice the speed and is used for measurements; the others only have to be right.
  const isSlowCompiler = softwareNames.test(adapter) && !/llvmpipe|lavapipe/i.test(adapter);
  return isSlowCompiler ? COMPACT_TILES : DEFAULT_TILES;
}
