import * as tf from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../../wasm/wasm-heap.ts';

const kernelName = 'PerfitBatchMatMul';

const bytesPerFloat = 4;

/**
 * One XNNPACK product per p. tfjs gives batched products to a scalar loop (1.4 GFLOP/s where XNNPACK makes 15), so
 * each matrix of the batch is registered under an id of its own that points into the batch's memory, multiplied as a
 * single matrix, and forgotten again: no copies.
 * @param a [P, M, C]   @param b [P, C, N]   @returns [P, M, N]; the caller disposes it
 */
export function runOnXnnpack(a: tf.Tensor3D, b: tf.Tensor3D): tf.Tensor3D {
  if (!tf.getKernel(kernelName, 'wasm')) register();
  return tf.engine().runKernel(kernelName, { a, b }) as tf.Tensor3D;
}

function register(): void {
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend }) => {
      const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      return multiply(a, b, backend as unknown as WasmBackend);
    },
  });
}

const products = new WeakMap<object, ReturnType<WasmBackend['wasm']['cwrap']>>();

function multiply(a: tf.TensorInfo, b: tf.TensorInfo, backend: WasmBackend): tf.TensorInfo {
  const [batch, rows, inner] = a.shape as [number, number, number];
  const columns = b.shape[2] as number;
  const out = backend.makeOutput([batch, rows, columns], 'float32');
  const run = productOf(backend);
  const shapeA = shapeBytes([1, rows, inner]);
  const shapeB = shapeBytes([1, inner, columns]);
  const viewA = matrixView(backend, a, rows * inner);
  const viewB = matrixView(backend, b, inner * columns);
  const viewOut = matrixView(backend, out, rows * columns);
  for (let p = 0; p < batch; p++) {
    const [idA, idB, idOut] = [viewA(p), viewB(p), viewOut(p)];
    run(idA, shapeA, 3, idB, shapeB, 3, false, false, idOut);
    for (const id of [idA, idB, idOut]) backend.wasm.tfjs.disposeData(id);
  }
  return out;
}

function productOf(backend: WasmBackend) {
  let product = products.get(backend);
  if (!product) {
    const parameters = ['number', 'array', 'number', 'number', 'array', 'number', 'number', 'number', 'number'];
    product = backend.wasm.cwrap('BatchMatMul', null, parameters);
    products.set(backend, product);
  }
  return product;
}

/** Registers matrix p of a batch as a tensor of its own, over the same memory. */
function matrixView(backend: WasmBackend, batch: tf.TensorInfo, size: number) {
  const { memoryOffset } = backend.dataIdMap.get(batch.dataId);
  return (p: number): number => {
    const id = backend.dataIdNextNumber++;
    backend.wasm.tfjs.registerTensor(id, size, memoryOffset + p * size * bytesPerFloat);
    return id;
  };
}

function shapeBytes(shape: number[]): Uint8Array {
  return new Uint8Array(new Int32Array(shape).buffer);
}
