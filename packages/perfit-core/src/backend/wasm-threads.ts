import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { MEMORY_IMPORT, withSharedMemory } from '../wasm/shared-memory.ts';
import type { Thread } from '../wasm/threads.ts';

/** What threads need of the platform. */
export interface ThreadMeans {
  /** tfjs' build with SIMD. */
  binary(): Promise<Uint8Array>;
  /** A worker that runs `wasm/thread.js`. */
  start(): Thread;
}

/** Emscripten's hook, as far as it is used here. */
interface Settings {
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}

interface EmscriptenModule {
  cwrap(name: string, returns: 'number' | null, parameters: 'number'[]): (...values: number[]) => number;
  tfjs: Record<string, (...values: number[]) => number>;
}

type Factory = (settings: Settings) => Promise<EmscriptenModule>;

/**
 * tfjs' WASM backend in memory that threads share. tfjs itself computes on one of them: its own build with threads splits
 * every product, however small, and brings scripts that neither a strict content policy nor a minifier lets live. So its
 * build with SIMD gets its memory from here, and our programs share that.
 * @throws Error where it does not start
 */
export async function startInSharedMemory(means: Pick<ThreadMeans, 'binary'>): Promise<BackendWasm> {
  const [{ BackendWasm }, { default: factory }, binary] = await Promise.all([
    import('@tensorflow/tfjs-backend-wasm'),
    import('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js'),
    means.binary(),
  ]);
  const { bytes, initial, maximum } = withSharedMemory(binary);
  const memory = new WebAssembly.Memory({ initial, maximum, shared: true });
  const module = await new Promise<EmscriptenModule>((resolve, reject) => {
    const settings: Settings = {
      instantiateWasm: (imports, receive) => {
        const all = { ...imports, [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: memory } };
        WebAssembly.instantiate(bytes, all).then(
          ({ instance, module: compiled }) => receive(instance, compiled),
          reject,
        );
        return {};
      },
    };
    (factory as unknown as Factory)(settings).then(resolve, reject);
  });
  const { cwrap } = module;
  module.tfjs = {
    init: cwrap('init', null, []),
    initWithThreadsCount: cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: cwrap('get_threads_count', 'number', []),
    registerTensor: cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: cwrap('dispose_data', null, ['number']),
    dispose: cwrap('dispose', null, []),
  };
  return new BackendWasm(module as unknown as BackendWasm['wasm']);
}
