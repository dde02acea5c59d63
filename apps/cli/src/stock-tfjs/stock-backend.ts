import * as tf from '@tensorflow/tfjs';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

/** Beside `webgpu`, which is tfjs' backend on the device that we make. */
const stockWebGpu = 'stock-webgpu';

/**
 * Does something in stock TensorFlow.js, and goes back to the backend that was current. Where that is our WebGPU, it is
 * done on tfjs' own backend with a device of its own, made as tfjs makes it; on WASM, whose backend is tfjs' as we start
 * it, on that.
 * @throws Error where the adapter gives no second device
 */
export async function inStock<T>(task: () => T | Promise<T>): Promise<T> {
  const ours = tf.getBackend();
  if (ours === 'webgpu') await makeCurrent(await startStockWebGpu());
  try {
    return await task();
  } finally {
    await makeCurrent(ours);
  }
}

let starting: Promise<string> | null = null;

/**
 * tfjs registers its factory when it is imported, and only where there is a navigator.gpu by then, as there never is in
 * Node. This is that factory (of tfjs-backend-webgpu 4.22): the same features, the same limits, so neither
 * shader-f16 nor subgroups. tfjs finds kernels by the backend's name: the second name gets the same ones.
 */
function startStockWebGpu(): Promise<string> {
  starting ??= (async () => {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Error('this machine has no WebGPU adapter');
    const features = ['timestamp-query', 'bgra8unorm-storage'] as const;
    const limits = [
      'maxComputeWorkgroupStorageSize',
      'maxComputeWorkgroupsPerDimension',
      'maxStorageBufferBindingSize',
      'maxBufferSize',
      'maxComputeWorkgroupSizeX',
      'maxComputeInvocationsPerWorkgroup',
    ] as const;
    const device = await adapter.requestDevice({
      requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
    });
    // Priority 0: it is never what tfjs falls back to.
    tf.registerBackend(stockWebGpu, () => new WebGPUBackend(device, adapter.info), 0);
    tf.copyRegisteredKernels('webgpu', stockWebGpu);
    return stockWebGpu;
  })();
  return starting;
}

async function makeCurrent(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js did not start its backend ${backend}`);
}
