import type { ModelConfig, RoundedPrecision } from '@perfit/core';
import {
  linearForward,
  noise,
  PackedMatrix,
  type RowLanes,
  rmsNormForward,
  type TileShape,
  timeOnDevice,
  vectorProduct,
  WgslRunner,
} from '@perfit/core/programs';
import * as tf from '@tensorflow/tfjs-core';

/** One way to make a program, next to the others in the same run: what an adapter's choices are choices between. */
export interface WayResult {
  readonly name: string;
  readonly shape: string;
  readonly way: string;
  readonly isChosen: boolean;
  readonly milliseconds: number;
  /** How many times as long as in the chosen way. */
  readonly ratio: number;
}

const loops: readonly TileShape['loop'][] = ['staged', 'unrolled', 'direct'];
const lanes: readonly RowLanes[] = ['workgroup', 'subgroup'];

/** The loops of the products, and who shares a row, at the widths of one layer of a model. */
export async function benchWays(
  config: ModelConfig,
  at: { rows: number; length: number; precision: RoundedPrecision },
): Promise<WayResult[]> {
  const runner = WgslRunner.current();
  const { choices } = runner;
  const [m, inWidth, outWidth] = [at.rows * at.length, config.width, 2 * config.feedForwardWidth];
  const size = { rows: outWidth, columns: inWidth };
  const weight = PackedMatrix.from(at.precision, noise(outWidth * inWidth), size);
  const x = tf.tensor2d(noise(m * inWidth), [m, inWidth]);
  const one = tf.tensor2d(noise(inWidth), [1, inWidth]);
  const norm = tf.ones([inWidth]) as tf.Tensor1D;
  const given = { adapter: null, low: null };
  const sharing = lanes.filter((way) => way === 'workgroup' || runner.has('subgroups'));
  const inLanes = (rowLanes: RowLanes, work: () => tf.Tensor) => () => {
    runner.choices = { ...choices, rowLanes };
    return work();
  };
  try {
    return [
      ...(await compare('linear', `[${m}, ${inWidth}] x [${outWidth}, ${inWidth}], ${at.precision}`, {
        ways: loops,
        chosen: choices.wide.loop,
        run: (loop) => () =>
          linearForward(x, { weight, bias: null }, given, { ...choices, wide: { ...choices.wide, loop } }),
      })),
      ...(await compare('RMSNorm', `[${m}, ${inWidth}]`, {
        ways: sharing,
        chosen: choices.rowLanes,
        run: (way) => inLanes(way, () => rmsNormForward({ x, weight: norm, eps: 1e-5 })),
      })),
      ...(await compare('linear of one row', `[1, ${inWidth}] x [${outWidth}, ${inWidth}], ${at.precision}`, {
        ways: sharing,
        chosen: choices.rowLanes,
        run: (way) => inLanes(way, () => vectorProduct(one, weight)),
      })),
    ];
  } finally {
    runner.choices = choices;
    weight.dispose();
    tf.dispose([x, one, norm]);
    runner.trimPool();
  }
}

async function compare<W extends string>(
  name: string,
  shape: string,
  { ways, chosen, run }: { ways: readonly W[]; chosen: W; run: (way: W) => () => tf.Tensor },
): Promise<WayResult[]> {
  const times = new Map<W, number>();
  for (const way of ways) times.set(way, (await timeOnDevice(run(way))).milliseconds);
  const best = times.get(chosen) as number;
  return ways.map((way) => {
    const milliseconds = times.get(way) as number;
    return { name, shape, way, isChosen: way === chosen, milliseconds, ratio: milliseconds / best };
  });
}
