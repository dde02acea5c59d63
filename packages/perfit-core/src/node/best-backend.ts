import { findWebGpuDriver } from './webgpu-driver.ts';

/** WebGPU where Dawn finds a device in hardware, WASM otherwise. */
export async function bestBackend(): Promise<'wasm' | 'webgpu'> {
  return (await findWebGpuDriver()).adapter === 'hardware' ? 'webgpu' : 'wasm';
}
