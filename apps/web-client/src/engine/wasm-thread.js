// What a thread of WebAssembly runs: a classic script, served as it is, because Emscripten starts its threads as such.
// It is the thread's side of Emscripten 3.1's protocol, which @tensorflow/tfjs-backend-wasm 4.22 holds as a string
// only (`wasm-out/tfjs-backend-wasm-threaded-simd.worker.js`); after Emscripten's worker.js, MIT licence.

/** Emscripten's module of this thread; its entry points have quoted names there, and keep them. */
let module = {};
let isInitialized = false;
let waitingQueues = [];

self.alert = (...words) => self.postMessage({ cmd: 'alert', text: words.join(' '), threadId: module._pthread_self() });

self.onunhandledrejection = (event) => {
  throw event.reason ?? event;
};

/** Called by the main script when this thread's instance is ready. */
self.startWorker = (instance) => {
  module = instance;
  self.postMessage({ cmd: 'loaded' });
};

self.onmessage = ({ data }) => {
  try {
    receive(data);
  } catch (error) {
    module.__emscripten_thread_crashed?.();
    throw error;
  }
};

function receive(message) {
  switch (message.cmd) {
    case 'load':
      return load(message);
    case 'run':
      return run(message);
    case 'cancel':
      if (module._pthread_self()) module.__emscripten_thread_exit(-1);
      return;
    case 'processProxyingQueue':
      if (isInitialized) module.executeNotifiedProxyingQueue(message.queue);
      else waitingQueues.push(message.queue);
      return;
  }
}

/** The compiled WebAssembly and its shared memory come from the engine's worker; the main script is a file of ours. */
function load({ wasmModule, wasmMemory, handlers, urlOrBlob }) {
  module.instantiateWasm = (imports, receiveInstance) => {
    const instance = new WebAssembly.Instance(wasmModule, imports);
    receiveInstance(instance);
    return instance.exports;
  };
  for (const handler of handlers) {
    module[handler] = (...args) => self.postMessage({ cmd: 'callHandler', handler, args });
  }
  module.wasmMemory = wasmMemory;
  module.buffer = wasmMemory.buffer;
  module.ENVIRONMENT_IS_PTHREAD = true;
  self.importScripts(urlOrBlob);
  self.WasmBackendModuleThreadedSimd(module);
}

function run(message) {
  module.__emscripten_thread_init(message.pthread_ptr, 0, 0, 1);
  module.establishStackSpace();
  module.PThread.receiveObjectTransfer(message);
  module.PThread.threadInitTLS();
  if (!isInitialized) {
    for (const queue of waitingQueues) module.executeNotifiedProxyingQueue(queue);
    waitingQueues = [];
    isInitialized = true;
  }
  try {
    module.invokeEntryPoint(message.start_routine, message.arg);
  } catch (error) {
    if (error === 'unwind') return;
    if (!(error instanceof module.ExitStatus)) throw error;
    if (!module.keepRuntimeAlive()) module.__emscripten_thread_exit(error.status);
  }
}
