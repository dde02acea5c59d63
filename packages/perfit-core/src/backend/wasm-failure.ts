import { BackendError } from '../backend-error.ts';

/** What WebAssembly throws where an address is wrong, and JavaScript where a view of its memory is. */
const BROKEN_VIEW = /typed array|out of bounds|offset|Array buffer allocation/i;

/**
 * The failure of WebAssembly's memory behind an error, where there is one: after a trap nothing on its heap can be
 * trusted, and every later call may trap, too.
 */
export function wasmFailure(thrown: unknown): BackendError | null {
  if (thrown instanceof BackendError) return thrown.code === 'device-wasm-memory' ? thrown : null;
  const isTrap = typeof WebAssembly === 'object' && thrown instanceof WebAssembly.RuntimeError;
  const isBrokenView = thrown instanceof RangeError && BROKEN_VIEW.test(thrown.message);
  if (!isTrap && !isBrokenView) return null;
  return new BackendError('device-wasm-memory', `WebAssembly failed (${(thrown as Error).message}).`, {
    cause: thrown,
  });
}

/** Behind it tfjs takes addresses for negative numbers. */
const MOST = 2 ** 31;

interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * tfjs takes whatever address the allocator gives: none where the browser gives no more memory, and one that it reads as
 * negative beyond 2 GiB. Values would be written over others, or at nowhere.
 * @throws BackendError `device-wasm-memory`, from then on and from within any operation
 */
export function guardAllocations(wasm: Heap): void {
  // Emscripten's own functions put others in their place when they are called first.
  wasm._free(wasm._malloc(8));
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address > 0 && address + bytes <= MOST) return address;
    if (address !== 0) wasm._free(address);
    const megabytes = Math.ceil(bytes / 1e6);
    throw new BackendError('device-wasm-memory', `WebAssembly has no memory left for ${megabytes} MB more.`);
  };
}
