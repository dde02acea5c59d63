import type * as tf from '@tensorflow/tfjs-core';
import { WasmRunner } from '../../wasm/runner.ts';
import type { rmsNormBackward as backwardOnWebGpu, rmsNormForward as forwardOnWebGpu } from './rms-norm-wgsl.ts';

/** As `rms-norm-wgsl.ts` has it, on the processor. */
export const rmsNormForward: typeof forwardOnWebGpu = ({ x, weight, eps, rows }) => {
  const runner = WasmRunner.current();
  const [height, width] = x.shape;
  const count = rows?.size ?? height;
  const out = runner.empty<tf.Tensor2D>([count, width]);
  const [from, by, which, to] = [x, weight, rows, out].map((tensor) => runner.address(tensor)) as Addresses;
  runner.programs.normForward(count, width, eps, from, by, which, to);
  return out;
};

type Addresses = [number, number, number, number];

/** As `rms-norm-wgsl.ts` has it, on the processor. */
export const rmsNormBackward: typeof backwardOnWebGpu = ({ x, weight, eps, dy, residual, inverse }) => {
  const runner = WasmRunner.current();
  const [height, width] = x.shape;
  const dx = runner.empty<tf.Tensor2D>([height, width]);
  runner.programs.normBackward(
    height,
    width,
    eps,
    runner.address(x),
    runner.address(weight),
    runner.address(dy),
    runner.address(residual),
    runner.address(inverse),
    dy.shape[0],
    runner.address(dx),
  );
  return dx;
};
