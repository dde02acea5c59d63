import * as tf from '@tensorflow/tfjs-core';
import { linearForward, loraDown } from '../ops/packed-linear/packed-linear.ts';
import { vectorProduct } from '../ops/packed-linear/packed-vector.ts';
import { PackedMatrix } from '../ops/packed-matrix/packed-matrix.ts';
import { rmsNormForward } from '../ops/rms-norm/rms-norm-wgsl.ts';
import { type Choices, NARROW_CANDIDATES, possible, WIDE_CANDIDATES } from '../wgsl/choices.ts';
import type { RowLanes } from '../wgsl/row-lanes.ts';
import { WgslRunner } from '../wgsl/runner.ts';
import type { TileShape } from '../wgsl/tiled-product.ts';
import { noise } from './noise.ts';
import { timeOnDevice } from './timing.ts';

/** The widths of a layer that everything is chosen for. */
export interface AutotuneShape {
  /** M = B·T */
  readonly rows: number;
  readonly inWidth: number;
  readonly outWidth: number;
  readonly rank: number;
}

/**
 * Times every tile that the device has room for, on one forward product, and sets the fastest for all products; then both
 * ways to add up rows. A few seconds on a GPU. The caller keeps the result by adapter. Not for software devices, which
 * compile longer than they gain.
 */
export async function autotune({ rows, inWidth, outWidth, rank }: AutotuneShape): Promise<Choices> {
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
  const { choices } = runner;
  try {
    const wide = await fastest(possible(WIDE_CANDIDATES, limits), (tile) =>
      linearForward(x, { weight, bias: null }, { adapter: null, low: null }, { ...choices, wide: tile }),
    );
    const narrow = await fastest(possible(NARROW_CANDIDATES, limits), (tile) =>
      loraDown(x, adapter, { ...choices, narrow: tile }),
    );
    runner.choices = { ...choices, wide, narrow, rowLanes: await bestLanes(inWidth) };
    return runner.choices;
  } finally {
    weight.dispose();
    tf.dispose([x, theta]);
    runner.trimPool();
  }
}

/** What was chosen for this adapter before. */
export function applyChoices(choices: Choices): void {
  WgslRunner.current().choices = choices;
}

/**
 * Subgroups where the device has them, they add up what a workgroup adds up, and are not slower: on a norm of rows and
 * the product of one row.
 */
export async function bestLanes(width: number): Promise<RowLanes> {
  const runner = WgslRunner.current();
  if (!runner.has('subgroups')) return 'workgroup';
  const before = runner.choices;
  const rows = 512;
  const x = tf.tensor2d(noise(rows * width), [rows, width]);
  const one = tf.tensor2d(noise(width), [1, width]);
  const norm = tf.ones([width]) as tf.Tensor1D;
  const weight = PackedMatrix.from('f32', noise(rows * width), { rows, columns: width });
  const measure = async (rowLanes: RowLanes) => {
    runner.choices = { ...before, rowLanes };
    const works = [() => rmsNormForward({ x, weight: norm, eps: 1e-5 }), () => vectorProduct(one, weight)];
    let milliseconds = 0;
    const found: tf.TypedArray[] = [];
    for (const work of works) {
      milliseconds += (await timeOnDevice(work, { repetitions: 3, budgetMs: 200 })).milliseconds;
      const result = work();
      found.push(await result.data());
      result.dispose();
    }
    return { milliseconds, found };
  };
  try {
    const safe = await measure('workgroup');
    runner.device.pushErrorScope('validation');
    const tried = await measure('subgroup');
    const refused = await runner.device.popErrorScope();
    const isSame = tried.found.every((values, i) => areNear(values, safe.found[i] as tf.TypedArray));
    return !refused && isSame && tried.milliseconds <= safe.milliseconds ? 'subgroup' : 'workgroup';
  } finally {
    runner.choices = before;
    weight.dispose();
    tf.dispose([x, one, norm]);
  }
}

function areNear(a: tf.TypedArray, b: tf.TypedArray): boolean {
  return a.every((value: number, i: number) => Math.abs(value - (b[i] as number)) < 1e-3);
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
