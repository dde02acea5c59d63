import type * as tf from '@tensorflow/tfjs-core';

/** What our kernels use of tfjs' WASM backend, whose own types do not show it. */
export interface WasmBackend {
  readonly wasm: {
    cwrap(name: string, returns: null, parameters: string[]): (...values: (number | Uint8Array | boolean)[]) => void;
    readonly tfjs: {
      registerTensor(id: number, size: number, memoryOffset: number): void;
      disposeData(id: number): void;
      dispose(): void;
    };
    _malloc(bytes: number): number;
    _free(address: number): void;
    /** What the build exports. */
    readonly asm?: { readonly memory: WebAssembly.Memory };
  };
  disposeData(dataId: object): boolean;
  dataIdNextNumber: number;
  readonly dataIdMap: { get(dataId: object): { id: number; memoryOffset: number } };
  makeOutput(shape: number[], dtype: 'float32' | 'int32'): tf.TensorInfo;
  /** One more owner of the tensor's memory. */
  incRef(dataId: object): void;
  /** A view of the tensor's memory, valid until the next allocation. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}
