import type * as tf from '@tensorflow/tfjs-core';

/** What our programs use of tfjs' WebGPU backend, whose own types do not show it (4.22). */
export interface TfjsWebGpuBackend {
  readonly device: GPUDevice;
  readonly adapterInfo: unknown;
  readonly tensorMap: { get(dataId: object): TensorData };
  readonly bufferManager: {
    readonly freeBuffers: Map<string, GPUBuffer[]>;
    numFreeBuffers: number;
    numBytesUsed: number;
    numBytesAllocated: number;
  };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: tf.TypedArray): tf.TensorInfo;
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

interface TensorData {
  resource: GPUBuffer | null;
  values: tf.TypedArray | null;
}
