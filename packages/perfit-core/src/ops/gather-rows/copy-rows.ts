import * as tf from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../../wasm/wasm-heap.ts';

const kernelName = 'PerfitCopyRows';

/** Copies whole rows inside the WASM heap. @param x [M, D]   @param indices [Q] int32   @returns [Q, D] */
export function copyRows(x: tf.Tensor2D, indices: tf.Tensor1D): tf.Tensor2D {
  if (!tf.getKernel(kernelName, 'wasm')) register();
  return tf.engine().runKernel(kernelName, { x, indices }) as tf.Tensor2D;
}

function register(): void {
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend }) => {
      const { x, indices } = inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
      return copy(x, indices, backend as unknown as WasmBackend);
    },
  });
}

function copy(x: tf.TensorInfo, indices: tf.TensorInfo, backend: WasmBackend): tf.TensorInfo {
  const [rows, width] = x.shape as [number, number];
  const count = indices.shape[0] as number;
  const out = backend.makeOutput([count, width], 'float32');
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out);
  const order = backend.typedArrayFromHeap(indices);
  for (let row = 0; row < count; row++) {
    const source = order[row] as number;
    if (source < 0 || source >= rows) throw new RangeError(`row ${source} was asked of a matrix of ${rows} rows`);
    to.set(from.subarray(source * width, (source + 1) * width), row * width);
  }
  return out;
}
