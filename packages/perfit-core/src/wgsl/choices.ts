import type { RowLanes } from './row-lanes.ts';
import { softwareNames } from './software-names.ts';
import { sharedBytes, type TileShape, threadsOf } from './tiled-product.ts';

/** Tiles of the products by their kind. */
export interface Tiles {
  /** Wide outputs: x Wᵀ, its gradient to x, the head. */
  readonly wide: TileShape;
  /** Outputs as wide as the rank: x Aᵀ, dy B, and the gradients of A and B. */
  readonly narrow: TileShape;
}

const wide: TileShape = { loop: 'unrolled', tileM: 64, tileN: 64, tileK: 16, threadM: 8, threadN: 8 };
const narrow: TileShape = { loop: 'unrolled', tileM: 32, tileN: 16, tileK: 32, threadM: 4, threadN: 4 };

/** What an adapter's programs are made with. */
export interface Choices extends Tiles {
  readonly rowLanes: RowLanes;
  /** Workgroups of a program whose invocations stride over what there is. */
  readonly maxStriding: number;
}

/** What a GPU begins with, before anything was measured on it. */
const HARDWARE: Choices = {
  wide,
  narrow,
  rowLanes: 'workgroup',
  // A quarter of a million invocations: about what the largest hold at once.
  maxStriding: 1024,
};

/** A workgroup for each core is enough, and a barrier is paid for once an invocation. */
const SOFTWARE_STRIDING = 16;

/** lavapipe's compiler would unroll for seconds. */
const SOFTWARE_TILES: Tiles = { wide: { ...wide, loop: 'staged' }, narrow: { ...narrow, loop: 'staged' } };

/** The other software devices compile for seconds and pay for each barrier: a quarter of the code, and none of those. */
const COMPACT_TILES: Tiles = {
  wide: { loop: 'direct', tileM: 32, tileN: 32, tileK: 16, threadM: 4, threadN: 4 },
  narrow: { loop: 'direct', tileM: 16, tileN: 16, tileK: 16, threadM: 4, threadN: 4 },
};

/** What the autotune tries, the default first. */
export const WIDE_CANDIDATES: readonly TileShape[] = [
  wide,
  { ...wide, loop: 'staged' },
  { ...wide, loop: 'direct' },
  { ...wide, tileK: 32 },
  { ...wide, threadM: 4 },
  { ...wide, threadM: 4, threadN: 4 },
  { ...wide, tileM: 128 },
  { ...wide, tileM: 128, tileN: 128 },
  { ...wide, tileM: 128, tileN: 128, tileK: 8 },
  { ...wide, tileM: 32, tileK: 32, threadM: 4 },
  { ...wide, tileM: 32, tileN: 32, tileK: 32, threadM: 4, threadN: 4 },
  { ...wide, loop: 'direct', tileM: 32, tileN: 32, threadM: 4, threadN: 4 },
];

export const NARROW_CANDIDATES: readonly TileShape[] = [
  narrow,
  { ...narrow, loop: 'staged' },
  { ...narrow, loop: 'direct' },
  { ...narrow, tileM: 16, tileK: 64 },
  { ...narrow, tileM: 64 },
  { ...narrow, tileM: 64, threadM: 8 },
  { ...narrow, tileM: 64, tileN: 32, tileK: 16 },
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

/** @param adapter how it describes itself */
export function firstChoices(adapter: string, hasSubgroups: boolean): Choices {
  // Whether a GPU's subgroups are as the programs take them to be is seen when it is measured.
  if (!softwareNames.test(adapter)) return HARDWARE;
  // lavapipe computes wide tiles at twice the speed and is used for measurements; the others only have to be right.
  const tiles = /llvmpipe|lavapipe/i.test(adapter) ? SOFTWARE_TILES : COMPACT_TILES;
  return { ...tiles, rowLanes: hasSubgroups ? 'subgroup' : 'workgroup', maxStriding: SOFTWARE_STRIDING };
}
