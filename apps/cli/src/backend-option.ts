import { availableParallelism } from 'node:os';
import { MAX_THREADS, PRECISIONS } from '@perfit/core';
import { Option } from 'commander';
import { wholeNumber } from './numbers.ts';

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
  return new Option('--precision <name>', 'how the weights lie in memory').choices([...PRECISIONS]);
}

/** Of the WASM backend. Half of what the machine runs at once, which leaves the rest to whoever sits at it. */
export function threadsOption(): Option {
  const half = Math.max(1, Math.min(MAX_THREADS, Math.floor(availableParallelism() / 2)));
  return new Option('--threads <n>', 'of the processor, where it computes')
    .argParser(wholeNumber(1, MAX_THREADS))
    .default(half, 'half of what the machine runs at once');
}
