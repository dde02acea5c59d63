import * as tf from '@tensorflow/tfjs-core';
import { linearForward, loraDown } from '../ops/packed-linear/packed-linear.ts';
import { PackedMatrix } from '../ops/packed-matrix/packed-matrix.ts';
import { WgslRunner } from '../wgsl/runner.ts';
import type { TileShape } from '../wgsl/tiled-product.ts';
import { NARROW_CANDIDATES, possible, type Tiles, WIDE_CANDIDATES } from '../wgsl/tiles.ts';
import { timeOnDevice } from './timing.ts';

/** The widths of a layer that the tiles are chosen for. */
export interface AutotuneShape {
  /** M = B·T */
  readonly rows: number;
  readonly inWidth: number;
  readonly outWidth: number;
  readonly rank: number;
}

/**
 * Times every tile that the device has room for, on one forward product, and sets the fastest for all products: a second
 * or two on a GPU. The caller keeps the result by adapter. Not for software devices, which compile longer than they gain.
 */
export async function autotune({ rows, inWidth, outWidth, rank }: AutotuneShape): Promise<Tiles> {
  const runner = WgslRunner.current();
  const { limits } = runner.device;
  const weight = PackedMatrix.allocate('f16', outWidth, inWidth);
  const x = runner.empty<tf.Tensor2D>([rows, inWidth]);
  const theta = runner.empty<tf.Tensor1D>([rank * (inWidth + outWidth)]);
  const adapter = {
    theta,
    rank,
    scale: 1,
    modules: [{ start: 0, width: outWidth, offsetA: 0, offsetB: rank * inWidth }],
  };
  const { tiles } = runner;
  try {
    const wide = await fastest(possible(WIDE_CANDIDATES, limits), (tile) =>
      linearForward(x, { weight, bias: null }, { adapter: null, low: null }, { ...tiles, wide: tile }),
    );
    const narrow = await fastest(possible(NARROW_CANDIDATES, limits), (tile) =>
      loraDown(x, adapter, { ...tiles, narrow: tile }),
    );
    runner.tiles = { wide, narrow };
    return runner.tiles;
  } finally {
    weight.dispose();
    tf.dispose([x, theta]);
    runner.trimPool();
  }
}

/** Tiles that were measured on this adapter before. */
export function applyTiles(tiles: Tiles): void {
  WgslRunner.current().tiles = tiles;
}

/** A tile that the device refuses, for reasons that its limits do not tell, is passed over. */
async function fastest(candidates: readonly TileShape[], run: (tile: TileShape) => tf.Tensor): Promise<TileShape> {
  const { device } = WgslRunner.current();
  let best: { tile: TileShape; milliseconds: number } | null = null;
  for (const tile of candidates) {
    device.pushErrorScope('validation');
    const { milliseconds } = await timeOnDevice(() => run(tile), { repetitions: 3, budgetMs: 200 });
    const refused = await device.popErrorScope();
    if (!refused && (!best || milliseconds < best.milliseconds)) best = { tile, milliseconds };
  }
  return best?.tile ?? (candidates[0] as TileShape);
}
