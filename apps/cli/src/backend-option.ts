import { PRECISIONS } from '@perfit/core';
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

export function precisionOption(): Option {
  return new Option('--precision <name>', 'how the weights lie on a GPU').choices([...PRECISIONS]);
}
