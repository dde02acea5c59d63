import * as tf from '@tensorflow/tfjs-core';
import { WasmRunner } from '../../wasm/runner.ts';
import { WgslRunner } from '../../wgsl/runner.ts';

/** Where packed weights lie. */
export interface MatrixMemory {
  /** Bytes of one tensor. */
  readonly maxBytes: number;
  /** What paces whoever writes much. @param bytes written since the last call */
  paced(bytes: number): Promise<void>;
  empty<T extends tf.Tensor>(shape: readonly number[], dtype: 'int32'): T;
  write(tensor: tf.TensorInfo, words: Uint32Array, offset: number): void;
}

/** The current backend's. @throws BackendError where we have no programs for it */
export function matrixMemory(): MatrixMemory {
  return tf.getBackend() === 'wasm' ? WasmRunner.current() : WgslRunner.current();
}
