import { each } from './source.ts';

/**
 * The one tiled matrix product that every product of the training step is made of: C[M, N] += A[M, K] · B[K, N], with
 * operands read through WGSL functions, so that weights are decoded, adapters found in theta and sums continued over
 * several phases without a copy.
 *
 * A workgroup computes a tile of C, each thread a register block of it, for which it needs, for every k, its rows' values
 * of A and its columns' values of B.
 */
export interface TileShape {
  /**
   * `staged`: tiles of A and B go through workgroup memory, as vec4s along M and N; the loop over them has a bound that
   * compilers do not know, because software devices take seconds to unroll it. `unrolled`: the same with a constant bound,
   * for hardware. `direct`: every thread reads what it needs from memory: no barriers, which cost a software device more
   * than reading, and no copy where workgroup memory is no faster than the caches.
   */
  readonly loop: 'staged' | 'unrolled' | 'direct';
  /** Rows and columns of C a workgroup; multiples of 4. */
  readonly tileM: number;
  readonly tileN: number;
  /** Steps of K between two barriers; a multiple of 4. A direct loop has none. */
  readonly tileK: number;
  /** Rows and columns of C a thread; multiples of 4. */
  readonly threadM: number;
  readonly threadN: number;
}

/** A sum over one range of K. */
interface ProductPhase {
  /** K is about the rank: its loop is never unrolled, so that it may end early. */
  readonly isShort?: boolean;
  /** WGSL expression of the range's length, uniform over the workgroup. */
  readonly extent: string;
  /**
   * WGSL of four values of A that lie together in memory, zero outside of A.
   * `alongK`: `A(m, k)` gives A[m, k…k+3]; `alongM`: it gives A[m…m+3, k]. An expression in `m` and `k`.
   */
  readonly a: string;
  readonly aOrder: 'alongK' | 'alongM';
  /** The same for B: `alongK` gives B[k…k+3, n], `alongN` B[k, n…n+3]. An expression in `k` and `n`. */
  readonly b: string;
  readonly bOrder: 'alongK' | 'alongN';
}

export interface TiledProduct {
  readonly tile: TileShape;
  readonly phases: readonly ProductPhase[];
  /** Statements before the first phase, uniform over the workgroup; they see `group` (workgroup id), `m0` and `n0`. */
  readonly prologue?: string;
  /**
   * Statements for four values `value` at row `m` and columns n…n+3; they must check the bounds. Where they depend on
   * which of the thread's rows (i) and fours of columns (j) it is, a function of those.
   */
  readonly store: string | ((i: number, j: number) => string);
  /** Declarations that the expressions use. */
  readonly declarations: string;
  /** Statements after the stores, for what is reduced over the tile; they see `local`, `m0`, `n0`. */
  readonly epilogue?: string;
}

export function threadsOf({ tileM, tileN, threadM, threadN }: TileShape): number {
  return (tileM / threadM) * (tileN / threadN);
}

/** Bytes of workgroup memory. */
export function sharedBytes({ loop, tileM, tileN, tileK }: TileShape): number {
  return loop === 'direct' ? 0 : 4 * tileK * (tileM + tileN);
}

export function tiledProduct(product: TiledProduct): string {
  const { tile, phases, prologue = '', store, declarations, epilogue = '' } = product;
  const { tileM, tileN, tileK, threadM, threadN } = tile;
  const threads = threadsOf(tile);
  const isDirect = tile.loop === 'direct';
  const staging = `
var<workgroup> tile_a: array<vec4<f32>, ${(tileK * tileM) / 4}>;
var<workgroup> tile_b: array<vec4<f32>, ${(tileK * tileN) / 4}>;`;
  return `
${declarations}
${isDirect ? '' : staging}

@compute @workgroup_size(${threads}) fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let m0 = group.y * ${tileM}u;
  let n0 = group.x * ${tileN}u;
  let thread_m = (local / ${tileN / threadN}u) * ${threadM / 4}u; // in fours
  let thread_n = (local % ${tileN / threadN}u) * ${threadN / 4}u;
  ${prologue}
  ${each(threadM, (i) => each(threadN / 4, (j) => `var c_${i}_${j} = vec4<f32>(0.0);`))}
  ${phases.map((phase) => (isDirect ? directPhase(phase, tile) : stagedPhase(phase, tile))).join('\n')}
  ${each(threadM, (i) =>
    each(
      threadN / 4,
      (j) =>
        `{ let m = m0 + 4u * thread_m + ${i}u; let n = n0 + 4u * (thread_n + ${j}u); let value = c_${i}_${j}; ${typeof store === 'string' ? store : store(i, j)} }`,
    ),
  )}
  ${epilogue}
}`;
}

function stagedPhase(phase: ProductPhase, tile: TileShape): string {
  const { tileM, tileN, tileK, threadM, threadN } = tile;
  const [foursM, foursN] = [tileM / 4, tileN / 4];
  const isUnrolled = tile.loop === 'unrolled' && !phase.isShort;
  return `{
    let extent = ${phase.extent};
    for (var k0 = 0u; k0 < extent; k0 += ${tileK}u) {
      ${fillSource({ ...phase, fours: foursM, tile, operand: 'a', along: phase.aOrder })}
      ${fillSource({ ...phase, fours: foursN, tile, operand: 'b', along: phase.bOrder })}
      workgroupBarrier();
      // What lies behind the extent is staged as zeros: an unrolled loop may pass it.
      ${isUnrolled ? `const steps = ${tileK}u;` : `let steps = min(${tileK}u, extent - k0);`}
      for (var k = 0u; k < steps; k++) {
        ${each(threadM / 4, (i) => `let a_${i} = tile_a[k * ${foursM}u + thread_m + ${i}u];`)}
        ${each(threadN / 4, (j) => `let b_${j} = tile_b[k * ${foursN}u + thread_n + ${j}u];`)}
        ${each(threadM, (i) => each(threadN / 4, (j) => `c_${i}_${j} += a_${i >> 2}.${'xyzw'[i & 3]} * b_${j};`))}
      }
      workgroupBarrier();
    }
  }`;
}

/** Four steps of K at a time: where an operand runs along K, a vec4 holds all four of one row or column. */
function directPhase(phase: ProductPhase, { threadM, threadN }: TileShape): string {
  const { a, aOrder, b, bOrder } = phase;
  const valueOfA = (i: number, step: number) =>
    aOrder === 'alongK' ? `a_${i}.${'xyzw'[step]}` : `a_${step}_${i >> 2}.${'xyzw'[i & 3]}`;
  const foursOfB = (j: number, step: number) =>
    bOrder === 'alongK' ? `vec4(${each(4, (c) => `b_${4 * j + c}.${'xyzw'[step]}`, ', ')})` : `b_${step}_${j}`;
  const addStep = (step: number) =>
    each(
      threadN / 4,
      (j) => `{ let b = ${foursOfB(j, step)}; ${each(threadM, (i) => `c_${i}_${j} += ${valueOfA(i, step)} * b;`)} }`,
    );
  return `{
    let extent = ${phase.extent};
    for (var k0 = 0u; k0 < extent; k0 += 4u) {
      ${loadSource({ name: 'a', expression: a, alongK: aOrder === 'alongK', across: 'm', first: 'm0 + 4u * thread_m', count: threadM })}
      ${loadSource({ name: 'b', expression: b, alongK: bOrder === 'alongK', across: 'n', first: 'n0 + 4u * thread_n', count: threadN })}
      ${each(4, addStep)}
    }
  }`;
}

/** A thread's values of an operand for four steps of K, `NAME_x` for row or column x, or `NAME_step_x` for four of them. */
function loadSource(load: {
  name: string;
  expression: string;
  alongK: boolean;
  across: 'm' | 'n';
  first: string;
  count: number;
}): string {
  const { name, expression, alongK, across, first, count } = load;
  const value = (variable: string, step: number, index: number) => `var ${variable} = vec4<f32>(0.0);
      { let k = k0 + ${step}u; let ${across} = ${first} + ${index}u; if (k < extent) { ${variable} = ${expression}; } }`;
  return alongK
    ? each(count, (i) => value(`${name}_${i}`, 0, i))
    : each(4, (step) => each(count / 4, (i) => value(`${name}_${step}_${i}`, step, 4 * i)));
}

/** Brings a tile of an operand into workgroup memory, by blocks of 4 × 4, turned where memory runs along K. */
function fillSource(fill: {
  operand: 'a' | 'b';
  a: string;
  b: string;
  along: 'alongK' | 'alongM' | 'alongN';
  fours: number;
  tile: TileShape;
}): string {
  const { operand, fours, tile } = fill;
  const threads = threadsOf(tile);
  const expression = operand === 'a' ? fill.a : fill.b;
  const [across, first] = operand === 'a' ? ['m', 'm0'] : ['n', 'n0'];
  const blocksK = tile.tileK / 4;
  const blocks = fours * blocksK;
  const block =
    fill.along === 'alongK'
      ? // Neighbouring threads read on along K, where memory is contiguous.
        `let block_k = block % ${blocksK}u; let block_x = block / ${blocksK}u;
        let k = k0 + 4u * block_k;
        ${each(4, (i) => `var r_${i} = vec4<f32>(0.0); if (k < extent) { let ${across} = ${first} + 4u * block_x + ${i}u; r_${i} = ${expression}; }`)}
        ${each(4, (j) => `tile_${operand}[(4u * block_k + ${j}u) * ${fours}u + block_x] = vec4(${each(4, (i) => `r_${i}.${'xyzw'[j]}`, ', ')});`)}`
      : `let block_x = block % ${fours}u; let block_k = block / ${fours}u;
        let ${across} = ${first} + 4u * block_x;
        ${each(4, (i) => `{ let k = k0 + 4u * block_k + ${i}u; var r = vec4<f32>(0.0); if (k < extent) { r = ${expression}; } tile_${operand}[(4u * block_k + ${i}u) * ${fours}u + block_x] = r; }`)}`;
  return blocks === threads
    ? `{ let block = local; ${block} }`
    : `for (var block = local; block < ${blocks}u; block += ${threads}u) { ${block} }`;
}
