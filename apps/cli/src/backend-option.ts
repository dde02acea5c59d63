import { Option } from 'commander';

export function backendOption(): Option {
  return new Option('--backend <name>', 'where to compute').choices(['wasm', 'webgpu']).default('wasm');
}

/** For long computations, which are worth a look at what the machine has. */
export function bestBackendOption(): Option {
  return new Option('--backend <name>', 'where to compute')
    .choices(['auto', 'wasm', 'webgpu'])
    .default('auto', 'WebGPU where there is a GPU, else WASM');
}
