import type * as tf from '@tensorflow/tfjs-core';
import { ranges, WasmRunner } from '../../wasm/runner.ts';
import type { rmsNormBackward as backwardOnWebGpu, rmsNormForward as forwardOnWebGpu } from './rms-norm-wgsl.ts';

/** As `rms-norm-wgsl.ts` has it, on the processor. */
export const rmsNormForward: typeof forwardOnWebGpu = ({ x, weight, eps, rows }) => {
  const runner = WasmRunner.current();
  const [height, width] = x.shape;
  const count = rows?.size ?? height;
  const out = runner.empty<tf.Tensor2D>([count, width]);
  const [from, by, which, to] = runner.addresses(x, weight, rows, out);
  runner.run(
    ranges(count, runner.parts(6 * count * width, count)).map(([first, end]) => {
      const at = 4 * first * width;
      const source = which ? from : from + at;
      return ['normForward', end - first, width, eps, source, by, which && which + 4 * first, to + at];
    }),
  );
  return out;
};

/** As `rms-norm-wgsl.ts` has it, on the processor. */
export const rmsNormBackward: typeof backwardOnWebGpu = ({ x, weight, eps, dy, residual, inverse }) => {
  const runner = WasmRunner.current();
  const [height, width] = x.shape;
  const dx = runner.empty<tf.Tensor2D>([height, width]);
  const [from, slope, rest, of, to] = runner.addresses(x, dy, residual, inverse, dx);
  const by = runner.address(weight);
  runner.run(
    ranges(height, runner.parts(10 * height * width, height)).map(([first, end]) => {
      const at = 4 * first * width;
      const known = of ? dy.shape[0] : end - first;
      const [source, back] = [of ? slope : slope + at, rest && rest + at];
      const which = of && of + 4 * first;
      return ['normBackward', end - first, width, eps, from + at, by, source, back, which, known, to + at];
    }),
  );
  return dx;
};
