import { Option } from 'commander';

export function backendOption(): Option {
  return new Option('--backend <name>', 'where to compute').choices(['wasm', 'webgpu']).default('wasm');
}
