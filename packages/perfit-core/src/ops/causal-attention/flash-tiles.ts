import type { StorageBinding, UniformField } from '../../wgsl/program.ts';
import { each } from '../../wgsl/source.ts';

/**
 * How a flash-attention program is cut. The G query heads of a key head stand under each other as stacked rows,
 * r = t·G + g, so that they share every key and value that is staged. A workgroup makes the results of 32 rows of its
 * own (queries, or keys where it makes key gradients) while the rows of the other side pass by, 32 at a time. Thread
 * (tx, ty) holds the scores of own rows 4·ty … 4·ty + 3, one a component of a vec4, against passing rows
 * tx, tx + across, …, and of the result the same four rows in the quads (four columns) tx, tx + across, …
 */
export interface Tiles {
  readonly headWidth: number;
  /** G, query heads a key head. */
  readonly group: number;
  /** d / 4 */
  readonly quads: number;
  /** Quads of the head width that are staged at once for the scores: 32 rows of a wide head do not fit. */
  readonly depth: number;
  /** Quads from one staged row to the next; odd, so that threads side by side read from different memory banks. */
  readonly stride: number;
  /** Threads side by side. */
  readonly across: number;
  /** Passing rows a thread. */
  readonly each: number;
  /** Quads of a result row a thread. */
  readonly columns: number;
}

export const ownRows = 32;
const passingRows = 32;
const down = ownRows / 4;

export function tilesOf(headWidth: number, group: number): Tiles {
  const quads = headWidth / 4;
  const depth = largestDivisor(quads, 8);
  // A thread's results must fit its registers: two quads of four rows, twice in the program of the key gradients.
  const across = quads > 16 ? 16 : 8;
  const [each, columns] = [passingRows / across, Math.ceil(quads / across)];
  return { headWidth, group, quads, depth, stride: depth | 1, across, each, columns };
}

function largestDivisor(of: number, most: number): number {
  let divisor = Math.min(of, most);
  while (of % divisor > 0) divisor--;
  return divisor;
}

export const read = (name: string, element = 'vec4<f32>'): StorageBinding => ({ name, element, access: 'read' });
export const written = (name: string, element = 'vec4<f32>'): StorageBinding => ({
  name,
  element,
  access: 'read_write',
});

/**
 * Columns and strides are in quads. `quads` is QUADS, hidden from compilers: loops that they cannot unroll keep the time
 * that a software driver compiles a program at seconds, where it was minutes.
 */
export const attentionUniforms: readonly UniformField[] = [
  'queryRows',
  'keyRows',
  'keyHeads',
  'firstPosition',
  'queryColumn',
  'queryStride',
  'keyColumn',
  'keyStride',
  'valueColumn',
  'valueStride',
  'quads',
].map((name) => ({ name, type: 'u32' }));

/** Component of a vec4. */
export const component = (i: number) => 'xyzw'.charAt(i);

/**
 * Constants and workgroup memory (14 KiB at most), and where things lie: `Place` says whose tiles these are, and
 * `keys` how many key rows are read at all; what lies behind may be anything and counts as zero.
 */
export function prelude({ group, quads, depth, stride, across, headWidth }: Tiles): string {
  return `
const GROUP = ${group}u;
const QUADS = ${quads}u;
const DEPTH = ${depth}u;
const STRIDE = ${stride}u;
const ACROSS = ${across}u;
const DOWN = ${down}u;
const THREADS = ${across * down}u;
const OWN = ${ownRows}u;
const PASSING = ${passingRows}u;
const SCALE = ${1 / Math.sqrt(headWidth)}f;
// Weights are powers of two: exp(x) = exp2(x · log2 e).
const LOG2_E = ${Math.LOG2E}f;
const HIDDEN = -1e30f;

// Own rows, then passing rows.
var<workgroup> staged: array<vec4<f32>, (OWN + PASSING) * STRIDE>;
// [PASSING, OWN / 4], each a passing row's weight in four own rows.
var<workgroup> weights: array<vec4<f32>, PASSING * DOWN>;
// What the threads of a row find out together.
var<workgroup> found: array<vec4<f32>, THREADS>;

struct Place { sequence: u32, keyHead: u32, keys: u32 }

fn headOf(place: Place, row: u32) -> u32 { return place.keyHead * GROUP + row % GROUP; }
fn tokenOf(place: Place, row: u32) -> u32 { return place.sequence * u.queryRows + row / GROUP; }
/** Of [M, H, d / 4]. */
fn resultAt(place: Place, row: u32) -> u32 {
  return (tokenOf(place, row) * u.keyHeads * GROUP + headOf(place, row)) * QUADS;
}
/** Of [B, H, T]. */
fn statisticAt(place: Place, row: u32) -> u32 {
  return (place.sequence * u.keyHeads * GROUP + headOf(place, row)) * u.queryRows + row / GROUP;
}
fn queryAt(place: Place, row: u32) -> u32 {
  return tokenOf(place, row) * u.queryStride + u.queryColumn + headOf(place, row) * QUADS;
}
fn keyAt(place: Place, row: u32) -> u32 {
  return (place.sequence * u.keyRows + row) * u.keyStride + u.keyColumn + place.keyHead * QUADS;
}
fn valueAt(place: Place, row: u32) -> u32 {
  return (place.sequence * u.keyRows + row) * u.valueStride + u.valueColumn + place.keyHead * QUADS;
}
// Spread over the banks: the threads of a row write to different ones.
fn weightAt(passing: u32, ty: u32) -> u32 { return passing * DOWN + (ty ^ (passing & (DOWN - 1))); }
`;
}

/** A function that reads a quad of a stacked row. @param at `queryAt` or `resultAt` */
export function stackedLoader(name: string, buffer: string, at: string): string {
  return `
fn ${name}(place: Place, row: u32, column: u32) -> vec4<f32> {
  if (row >= u.queryRows * GROUP) { return vec4<f32>(); }
  return ${buffer}[${at}(place, row) + column];
}`;
}

/** A function that reads a quad of a key or value row. @param at `keyAt` or `valueAt` */
export function keyLoader(name: string, buffer: string, at: string): string {
  return `
fn ${name}(place: Place, row: u32, column: u32) -> vec4<f32> {
  if (row >= place.keys) { return vec4<f32>(); }
  return ${buffer}[${at}(place, row) + column];
}`;
}

/**
 * `firstSeenBy(place, row)`: the first key that a stacked row's query sees, itself at the latest.
 * `firstSeenByAny(place, row, last)`: that of rows row … last; uniform where its arguments are.
 */
export function firstSeen(hasStarts: boolean): string {
  if (!hasStarts) {
    return `
fn firstSeenBy(place: Place, row: u32) -> u32 { return 0; }
fn firstSeenByAny(place: Place, row: u32, last: u32) -> u32 { return 0; }`;
  }
  return `
fn firstSeenBy(place: Place, row: u32) -> u32 {
  return min(u32(max(starts[tokenOf(place, row)], 0)), row / GROUP + u.firstPosition);
}
fn firstSeenByAny(place: Place, row: u32, last: u32) -> u32 {
  var least = firstSeenBy(place, row);
  for (var t = row / GROUP + 1; t <= last / GROUP; t++) { least = min(least, firstSeenBy(place, t * GROUP)); }
  return least;
}`;
}

/** Puts a part of 32 rows into workgroup memory: own or passing ones. */
function stageRows(load: string, first: string, at: string): string {
  return `
    for (var i = lane; i < 32 * DEPTH; i += THREADS) {
      staged[${at} + (i / DEPTH) * STRIDE + i % DEPTH] = ${load}(place, ${first} + i / DEPTH, depth + i % DEPTH);
    }`;
}

export const stageOwnRows = (load: string) => `{ const depth = 0u; ${stageRows(load, 'own', '0')} }`;

/**
 * Own rows times passing rows: `${name}0`, `${name}1`, …, one a passing row of the thread, with a component an own row.
 * @param own the loader of own rows; null where they are staged already, whole   @param passing that of passing rows
 */
export function scores({ each: count }: Tiles, name: string, own: string | null, passing: string): string {
  const rowTimes = (j: number) => `{
        let b = staged[OWN * STRIDE + (tx + ${j} * ACROSS) * STRIDE + c];
        ${name}${j} += vec4<f32>(dot(a0, b), dot(a1, b), dot(a2, b), dot(a3, b));
      }`;
  return `
    ${each(count, (j) => `var ${name}${j} = vec4<f32>();`)}
    for (var depth = 0u; depth < u.quads; depth += DEPTH) {
      workgroupBarrier();
      ${own ? stageRows(own, 'own', '0') : ''}
      ${stageRows(passing, 'passing', 'OWN * STRIDE')}
      workgroupBarrier();
      for (var c = 0u; c < u.quads / (QUADS / DEPTH); c++) {
        ${each(4, (i) => `let a${i} = staged[(4 * ty + ${i}) * STRIDE + c];`)}
        ${each(count, rowTimes)}
      }
    }`;
}

/** The results of a thread, `${name}0_0` …: own row, then column. */
export function results({ columns }: Tiles, name: string): string {
  return each(4, (i) => each(columns, (c) => `var ${name}${i}_${c} = vec4<f32>();`));
}

/** A statement for each column of a thread's results that is inside the head; its quad is `tx + ${c} * ACROSS`. */
export function eachColumn({ columns, quads, across }: Tiles, statement: (c: number) => string): string {
  return each(columns, (c) =>
    (c + 1) * across <= quads ? `{ ${statement(c)} }` : `if (tx + ${c} * ACROSS < QUADS) { ${statement(c)} }`,
  );
}

/**
 * Adds `weights` times passing rows to the results `${name}…`. As many rows are staged at once as there is room for.
 * @param keepsOwn whether staged own rows must stay
 */
export function addWeighted(tiles: Tiles, name: string, load: string, keepsOwn = false): string {
  const { quads, stride } = tiles;
  const [at, room] = keepsOwn ? ['OWN * STRIDE', passingRows * stride] : ['0u', (ownRows + passingRows) * stride];
  const rows = Math.min(passingRows, 2 ** Math.floor(Math.log2(room / quads)));
  const together = Math.min(2, rows);
  const addQuad = (row: string) => (c: number) =>
    `
          let quad = staged[${at} + (${row}) * QUADS + tx + ${c} * ACROSS];
          ${each(4, (i) => `${name}${i}_${c} += weight.${component(i)} * quad;`)}`;
  const addRow = (row: string) => `{
        let weight = weights[weightAt(part + ${row}, ty)];
        ${eachColumn(tiles, addQuad(row))}
      }`;
  return `
    for (var part = 0u; part < count; part += ${rows}) {
      workgroupBarrier();
      for (var i = lane; i < ${rows} * QUADS; i += THREADS) {
        staged[${at} + i] = ${load}(place, passing + part + i / QUADS, i % QUADS);
      }
      workgroupBarrier();
      for (var k = 0u; k < min(${rows}, count - part); k += ${together}) {
        ${each(together, (i) => addRow(`k + ${i}`))}
      }
    }`;
}

/** `total`, four rows, summed over the threads of these rows. */
export const totalOfRows = `
  found[lane] = total;
  workgroupBarrier();
  total = vec4<f32>();
  for (var i = 0u; i < ACROSS; i++) { total += found[ty * ACROSS + i]; }`;

/** Every program's entry point and who its threads are. */
export const entry = `
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let ty = lane / ACROSS;
  let tx = lane % ACROSS;
  let sequence = group.y / u.keyHeads;
  let keyHead = group.y % u.keyHeads;
  let stackedRows = u.queryRows * GROUP;`;

/** Of the thread's own four stacked rows: which they are and which keys they see. */
export const ownQueries = `
  let row = own + 4 * ty + vec4<u32>(0, 1, 2, 3);
  let known = min(row, vec4<u32>(stackedRows - 1));
  let seesFrom = vec4<u32>(${each(4, (i) => `firstSeenBy(place, known.${component(i)})`, ', ')});
  let seesTo = known / GROUP + u.firstPosition;`;
