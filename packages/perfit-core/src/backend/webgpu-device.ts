import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from '../backend-error.ts';
import { DeviceWatch } from '../wgsl/device-watch.ts';
import { softwareNames } from '../wgsl/software-names.ts';
import type { TfjsWebGpuBackend } from '../wgsl/tfjs-backend.ts';

export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}

/** Device limits that decide which models fit and which programs run. */
export interface DeviceLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupSizeX: number;
  readonly maxComputeWorkgroupSizeY: number;
  readonly maxComputeWorkgroupSizeZ: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

const limitNames = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof DeviceLimits)[];

/** What our programs or tfjs can use where the adapter has it. */
const usefulFeatures: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query', 'bgra8unorm-storage'];

export function describeAdapter({ info }: GPUAdapter): AdapterDescription {
  return { vendor: info.vendor, architecture: info.architecture, description: info.description };
}

export function isSoftwareAdapter({ info }: GPUAdapter): boolean {
  return info.isFallbackAdapter || softwareNames.test(`${info.architecture} ${info.description}`);
}

/** The adapter, or null where this machine has none. */
export async function requestAdapter(gpu: GPU | undefined): Promise<GPUAdapter | null> {
  return (await gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
}

/**
 * Makes a device of our own (tfjs asks for neither the adapter's limits nor shader-f16 nor subgroups), puts it under
 * tfjs' `webgpu` backend, and makes that the current one. Where one ran before, it is ended with all that lay on it.
 * @param onFailure called where the device is lost or fails in another way   @throws BackendError
 */
export async function startWebGpu(
  adapter: GPUAdapter,
  onFailure: ((failure: BackendError) => void) | undefined,
): Promise<{ features: string[]; limits: DeviceLimits }> {
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  const limits = Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]])) as unknown as DeviceLimits;
  const requiredFeatures = usefulFeatures.filter((feature) => adapter.features.has(feature));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ requiredFeatures, requiredLimits: { ...limits } });
  } catch (cause) {
    throw new BackendError('device-no-webgpu', `the WebGPU adapter gave no device: ${String(cause)}`, { cause });
  }
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  DeviceWatch.latest?.end();
  tf.registerBackend('webgpu', () => watched(new WebGPUBackend(device, adapter.info), onFailure), 3);
  await makeCurrent('webgpu');
  return { features: [...device.features].sort(), limits };
}

/** Everything that awaits a tensor's numbers is told where the device fails. */
function watched(backend: WebGPUBackend, onFailure: ((failure: BackendError) => void) | undefined): WebGPUBackend {
  const { bufferManager } = backend as unknown as TfjsWebGpuBackend;
  const watch = DeviceWatch.begin(backend.device, { bytesTaken: () => bufferManager.numBytesAllocated, onFailure });
  const read = backend.read.bind(backend);
  backend.read = (dataId) => watch.answer(() => read(dataId));
  const uploadToGPU = backend.uploadToGPU.bind(backend);
  backend.uploadToGPU = (dataId) => {
    try {
      uploadToGPU(dataId);
    } catch (error) {
      // What a buffer throws that is mapped when it is made.
      throw error instanceof RangeError ? watch.noMemory() : error;
    }
  };
  return backend;
}

/** @throws BackendError where tfjs runs on another backend than it was told */
export async function makeCurrent(backend: 'webgpu' | 'wasm'): Promise<void> {
  const started = await tf.setBackend(backend);
  await tf.ready();
  if (!started || tf.getBackend() !== backend) {
    throw new BackendError(
      'device-wrong-backend',
      `TensorFlow.js runs on ${tf.getBackend()} where ${backend} was asked for`,
    );
  }
}
