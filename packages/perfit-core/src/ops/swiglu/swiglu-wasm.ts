import type * as tf from '@tensorflow/tfjs-core';
import { ranges, WasmRunner } from '../../wasm/runner.ts';

/** As `swiglu-wgsl.ts` has it, on the processor. */
export function swigluForward(gateUp: tf.Tensor2D): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows, width] = [gateUp.shape[0], gateUp.shape[1] / 2];
  const out = runner.empty<tf.Tensor2D>([rows, width]);
  const [from, to] = runner.addresses(gateUp, out);
  runner.run(
    ranges(rows, runner.parts(20 * rows * width, rows)).map(([first, end]) => {
      const at = 4 * first * width;
      return ['gateForward', end - first, width, from + 2 * at, to + at];
    }),
  );
  return out;
}

/** As `swiglu-wgsl.ts` has it, on the processor. */
export function swigluBackward({ gateUp, dy }: { gateUp: tf.Tensor2D; dy: tf.Tensor2D }): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows, width] = dy.shape;
  const out = runner.empty<tf.Tensor2D>([rows, 2 * width]);
  const [from, slope, to] = runner.addresses(gateUp, dy, out);
  runner.run(
    ranges(rows, runner.parts(25 * rows * width, rows)).map(([first, end]) => {
      const at = 4 * first * width;
      return ['gateBackward', end - first, width, from + 2 * at, slope + at, to + 2 * at];
    }),
  );
  return out;
}
