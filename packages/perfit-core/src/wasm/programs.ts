import { compiled } from './compiled.ts';

type Address = number;
type Flag = 0 | 1;

/** Our programs for the processor, as `assembly/` has them: addresses in bytes of tfjs' memory, widths in values. */
export interface WasmPrograms {
  multiply(
    format: number,
    m: number,
    n: number,
    k: number,
    alpha: number,
    add: Flag,
    a: Address,
    aRow: number,
    aStep: number,
    b: Address,
    scales: Address,
    bRow: number,
    nFirst: number,
    alongK: Flag,
    c: Address,
    cRow: number,
    scratch: Address,
  ): void;
  multiplyVector(
    format: number,
    first: number,
    n: number,
    k: number,
    x: Address,
    short: Address,
    b: Address,
    scales: Address,
    bRow: number,
    y: Address,
  ): void;
  shortenRow(k: number, x: Address, to: Address): void;
  gather(
    format: number,
    b: Address,
    scales: Address,
    bRow: number,
    width: number,
    ids: Address,
    count: number,
    out: Address,
  ): void;
  beginRows(m: number, n: number, residual: Address, bias: Address, y: Address): void;
  copyRows(count: number, bytes: number, from: Address, fromRow: number, to: Address, toRow: number): void;
  normForward(count: number, width: number, eps: number, x: Address, weight: Address, rows: Address, y: Address): void;
  normBackward(
    height: number,
    width: number,
    eps: number,
    x: Address,
    weight: Address,
    dy: Address,
    residual: Address,
    inverse: Address,
    known: number,
    dx: Address,
  ): void;
  gateForward(m: number, width: number, gateUp: Address, y: Address): void;
  gateBackward(m: number, width: number, gateUp: Address, dy: Address, out: Address): void;
  rotateForward(
    from: number,
    m: number,
    length: number,
    heads: number,
    keyHeads: number,
    half: number,
    first: number,
    eps: number,
    qkv: Address,
    cosines: Address,
    sines: Address,
    queryNorm: Address,
    keyNorm: Address,
    out: Address,
  ): void;
  rotateBackward(
    from: number,
    m: number,
    length: number,
    heads: number,
    keyHeads: number,
    half: number,
    first: number,
    eps: number,
    qkv: Address,
    dRotated: Address,
    cosines: Address,
    sines: Address,
    queryNorm: Address,
    keyNorm: Address,
    out: Address,
  ): void;
  attentionForward(
    from: number,
    to: number,
    heads: number,
    keyHeads: number,
    width: number,
    length: number,
    span: number,
    first: number,
    queries: Address,
    queryRow: number,
    keys: Address,
    keyRow: number,
    values: Address,
    valueRow: number,
    out: Address,
    logSumExp: Address,
    scratch: Address,
  ): void;
  attentionBackward(
    from: number,
    to: number,
    heads: number,
    keyHeads: number,
    width: number,
    length: number,
    queries: Address,
    keys: Address,
    row: number,
    values: Address,
    valueRow: number,
    out: Address,
    dOut: Address,
    logSumExp: Address,
    dQueries: Address,
    dKeys: Address,
    dValues: Address,
    scratch: Address,
  ): void;
  headRows(
    q: number,
    v: number,
    logits: Address,
    labels: Address,
    weights: Address,
    terms: Address,
    hits: Address,
    asGradient: Flag,
  ): void;
  adamw(
    count: number,
    gradient: Address,
    mask: Address,
    theta: Address,
    first: Address,
    second: Address,
    anchor: Address,
    strength: number,
    clipNorm: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    stepSize: number,
    spreadScale: number,
    decay: number,
  ): void;
  /** For the bench: 96 operations on float32 a round. */
  multiplyAdds(rounds: number): number;
  /** For the bench: 384 operations on bytes a round; -1 where the engine has no such instruction. */
  integerProducts(rounds: number): number;
  sumInto(count: number, values: Address, sum: Address): void;
}

/** Which instructions they are compiled with: products and sums rounded once, or twice where the engine lacks that. */
export type SimdWay = keyof typeof compiled;

/** The best that this engine has. */
function simdWay(): SimdWay {
  return WebAssembly.validate(bytesOf('relaxed')) ? 'relaxed' : 'plain';
}

/** @param memory tfjs'   @param way for tests; the best there is where absent */
export async function startPrograms(
  memory: WebAssembly.Memory,
  way: SimdWay = simdWay(),
): Promise<{ programs: WasmPrograms; module: WebAssembly.Module }> {
  const isShared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  const bytes = isShared ? forSharedMemory(bytesOf(way)) : bytesOf(way);
  const { instance, module } = await WebAssembly.instantiate(bytes, { env: { memory } });
  return { programs: instance.exports as unknown as WasmPrograms, module };
}

function bytesOf(way: SimdWay): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(compiled[way]), (character) => character.charCodeAt(0));
}

/** `(import "env" "memory" (memory 0))`, a section as it is written, and the same for memory that is shared. */
const ownMemory = [2, 15, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 0];
const sharedMemory = [2, 18, ...ownMemory.slice(2, -2), 3, 0, 0x80, 0x80, 4];

/** A module says of the memory that it imports whether threads share it: that is all that differs. */
function forSharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let at = 8; at + ownMemory.length <= bytes.length; at++) {
    if (!ownMemory.every((byte, i) => bytes[at + i] === byte)) continue;
    const rest = bytes.subarray(at + ownMemory.length);
    return new Uint8Array([...bytes.subarray(0, at), ...sharedMemory, ...rest]);
  }
  throw new RangeError('the programs import no memory');
}
