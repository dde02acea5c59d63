export { bestBackend } from './best-backend.ts';
export { directorySource } from './directory-source.ts';
export { type NodeBackendOptions, nodeBackend } from './node-backend.ts';
export { findWebGpuDriver, type WebGpuDriver } from './webgpu-driver.ts';
