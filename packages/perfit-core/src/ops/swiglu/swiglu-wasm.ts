import type * as tf from '@tensorflow/tfjs-core';
import { WasmRunner } from '../../wasm/runner.ts';

/** As `swiglu-wgsl.ts` has it, on the processor. */
export function swigluForward(gateUp: tf.Tensor2D): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows, width] = [gateUp.shape[0], gateUp.shape[1] / 2];
  const out = runner.empty<tf.Tensor2D>([rows, width]);
  runner.programs.gateForward(rows, width, runner.address(gateUp), runner.address(out));
  return out;
}

/** As `swiglu-wgsl.ts` has it, on the processor. */
export function swigluBackward({ gateUp, dy }: { gateUp: tf.Tensor2D; dy: tf.Tensor2D }): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows, width] = dy.shape;
  const out = runner.empty<tf.Tensor2D>([rows, 2 * width]);
  runner.programs.gateBackward(rows, width, runner.address(gateUp), runner.address(dy), runner.address(out));
  return out;
}
