import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** What Emscripten calls the two scripts of tfjs' threaded build: the file that a thread runs, and the one it loads. */
export const threadScript = 'tfjs-backend-wasm-threaded-simd.worker.js';
export const mainScript = 'tfjs-backend-wasm-threaded-simd.js';
const binary = 'tfjs-backend-wasm-threaded-simd.wasm';

/** Threads that have not come up by then never will; those that fail say so at once. */
const patience = 10_000;

/** Emscripten's hooks, as far as they are used here. */
interface Settings {
  locateFile(name: string): string;
  mainScriptUrlOrBlob: string;
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}

interface ThreadedModule {
  cwrap(name: string, returns: 'number' | null, parameters: 'number'[]): (...values: number[]) => number;
  readonly PThread: { readonly unusedWorkers: Worker[]; terminateAllThreads(): void };
  tfjs: Record<string, (...values: number[]) => number>;
}

/** Makes its module out of the settings: the two are one object. */
type Factory = (settings: Settings) => Promise<ThreadedModule>;

/**
 * tfjs' WASM backend with threads. Its own start makes the threads' scripts out of blobs and of a function's source,
 * which neither a strict content policy nor a minifier lets live: here they are files.
 * @param files a URL for the .wasm file and for both scripts
 * @param threads the calling one among them; the build runs 8 at most
 * @returns how many run   @throws Error where they do not come up
 */
export async function startThreads(
  files: Readonly<Record<string, string>>,
  threads: number,
): Promise<{ backend: BackendWasm; threads: number }> {
  const [{ BackendWasm, getThreadsCount, setThreadsCount }, { default: factory }] = await Promise.all([
    import('@tensorflow/tfjs-backend-wasm'),
    import('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js'),
  ]);
  const module = await comeUp(factory as unknown as Factory, (name) => files[name] ?? name, threads);
  const { cwrap } = module;
  module.tfjs = {
    init: cwrap('init', null, []),
    initWithThreadsCount: cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: cwrap('get_threads_count', 'number', []),
    registerTensor: cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: cwrap('dispose_data', null, ['number']),
    dispose: cwrap('dispose', null, []),
  };
  setThreadsCount(threads);
  const backend = new BackendWasm(module as unknown as BackendWasm['wasm']);
  // Emscripten has made a pool of eight; those that got no work now never will.
  for (const spare of module.PThread.unusedWorkers.splice(0)) spare.terminate();
  return { backend, threads: getThreadsCount() };
}

async function comeUp(
  factory: Factory,
  locateFile: (name: string) => string,
  threads: number,
): Promise<ThreadedModule> {
  const settled = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pool: ThreadedModule['PThread'] | undefined;
  try {
    return await new Promise<ThreadedModule>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not within ${patience / 1000} s`)), patience);
      const settings: Settings = {
        locateFile,
        mainScriptUrlOrBlob: locateFile(mainScript),
        instantiateWasm: (imports, receive) => {
          // The build takes half of these as its limit: a machine with two cores would get one thread.
          if (imports.env) imports.env.emscripten_num_logical_cores = () => 2 * threads;
          WebAssembly.instantiateStreaming(fetch(locateFile(binary)), imports).then(
            ({ instance, module }) => receive(instance, module),
            reject,
          );
          return {};
        },
      };
      factory(settings).then(resolve, reject);
      pool = (settings as unknown as ThreadedModule).PThread;
      const onError = (event: ErrorEvent) => {
        // Emscripten's own listener would throw it again, into nobody's hands.
        event.stopImmediatePropagation();
        event.preventDefault();
        reject(new Error(event.message || 'a script of theirs did not load'));
      };
      for (const worker of pool.unusedWorkers) worker.addEventListener('error', onError, { signal: settled.signal });
    });
  } catch (error) {
    pool?.terminateAllThreads();
    throw error;
  } finally {
    clearTimeout(timer);
    settled.abort();
  }
}
