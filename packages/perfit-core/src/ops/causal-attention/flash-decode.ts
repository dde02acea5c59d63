import { memoize, type WgslProgram } from '../../wgsl/program.ts';
import { each } from '../../wgsl/source.ts';
import {
  attentionUniforms,
  component,
  firstSeen,
  keyLoader,
  prelude,
  read,
  stackedLoader,
  tilesOf,
  written,
} from './flash-tiles.ts';

/** Keys a workgroup; a thread scores one. */
export const sliceKeys = 64;
const maxHeads = 4;

/** Workgroups that share the G query heads of a key head, up to four each: one a component of a score. */
export const headBlocks = (group: number): number => Math.ceil(group / maxHeads);

/**
 * One query a sequence against a slice of 64 keys a workgroup, so that a long cache keeps the whole device busy.
 * Each slice is attended to as if it were all there is: out [slices, B, H, d] and logSumExp [slices, B, H];
 * {@link flashCombine} weighs them together, and where one slice is enough it is the result.
 * Source: Flash-Decoding (Dao, Haziza, Massa, Sizov 2023).
 */
export const flashDecode = memoize((headWidth: number, group: number, hasStarts: boolean): WgslProgram => {
  const heads = Math.min(group, maxHeads);
  const score = (h: number) => `score.${component(h)} += dot(query[${h} * QUADS + c], key);`;
  return {
    name: `flash-decode-${headWidth}`,
    storage: [
      read('queries'),
      read('keys'),
      read('values'),
      ...(hasStarts ? [read('starts', 'i32')] : []),
      written('out'),
      written('logSumExp', 'f32'),
    ],
    uniforms: [...attentionUniforms, { name: 'sequences', type: 'u32' }],
    source: `${prelude(tilesOf(headWidth, group))}
const SLICE = ${sliceKeys}u;
const HEADS = ${heads}u;
const BLOCKS = ${headBlocks(group)}u;
// Threads in a row that add up values, a column each, and how many such rows there are.
const PARTS = SLICE / QUADS;
var<workgroup> query: array<vec4<f32>, HEADS * QUADS>;
var<workgroup> slice: array<vec4<f32>, SLICE>;
var<workgroup> sums: array<vec4<f32>, HEADS * SLICE>;
var<workgroup> totals: array<vec4<f32>, SLICE>;
${firstSeen(hasStarts)}
${stackedLoader('loadQuery', 'queries', 'queryAt')}
${keyLoader('loadKey', 'keys', 'keyAt')}
${keyLoader('loadValue', 'values', 'valueAt')}
@compute @workgroup_size(SLICE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let firstHead = group.y % BLOCKS * HEADS;
  let place = Place(group.y / BLOCKS / u.keyHeads, group.y / BLOCKS % u.keyHeads, u.firstPosition + 1);
  for (var i = lane; i < HEADS * QUADS; i += SLICE) {
    query[i] = loadQuery(place, firstHead + i / QUADS, i % QUADS);
  }
  workgroupBarrier();

  let row = group.x * SLICE + lane;
  let seen = row < place.keys && row >= firstSeenBy(place, 0);
  var score = vec4<f32>(HIDDEN);
  if (seen) {
    score = vec4<f32>();
    for (var c = 0u; c < QUADS; c++) {
      let key = loadKey(place, row, c);
      ${each(heads, score)}
    }
    score *= SCALE * LOG2_E;
  }
  slice[lane] = score;
  workgroupBarrier();
  var most = vec4<f32>(HIDDEN);
  for (var i = 0u; i < SLICE; i++) { most = max(most, slice[i]); }
  workgroupBarrier();
  slice[lane] = select(vec4<f32>(), exp2(score - most), vec4<bool>(seen));
  workgroupBarrier();

  ${each(heads, (h) => `var sum${h} = vec4<f32>();`)}
  var total = vec4<f32>();
  for (var k = lane / QUADS; k < SLICE && lane < PARTS * QUADS; k += PARTS) {
    let value = loadValue(place, group.x * SLICE + k, lane % QUADS);
    let weight = slice[k];
    total += weight;
    ${each(heads, (h) => `sum${h} += weight.${component(h)} * value;`)}
  }
  ${each(heads, (h) => `sums[${h} * SLICE + lane] = sum${h};`)}
  totals[lane] = total;
  workgroupBarrier();

  let rows = u.sequences * u.keyHeads * GROUP;
  for (var i = lane; i < HEADS * QUADS; i += SLICE) {
    let head = i / QUADS;
    if (firstHead + head >= GROUP) { continue; }
    var sum = vec4<f32>();
    var sumOfWeights = 0f;
    for (var j = i % QUADS; j < PARTS * QUADS; j += QUADS) {
      sum += sums[head * SLICE + j];
      sumOfWeights += totals[j][head];
    }
    let nothing = sumOfWeights == 0;
    let column = i % QUADS;
    out[group.x * rows * QUADS + resultAt(place, firstHead + head) + column] = sum / select(sumOfWeights, 1, nothing);
    if (column == 0) {
      let logTotal = select(most[head] / LOG2_E + log(sumOfWeights), HIDDEN, nothing);
      logSumExp[group.x * rows + statisticAt(place, firstHead + head)] = logTotal;
    }
  }
}`,
  };
});

/** parts [slices, rows, d] and their logSumExp [slices, rows] → out [rows, d], logSumExp [rows]; one row a workgroup. */
export const flashCombine = memoize((headWidth: number): WgslProgram => {
  return {
    name: `flash-combine-${headWidth}`,
    storage: [read('parts'), read('partLogs', 'f32'), written('out'), written('logSumExp', 'f32')],
    uniforms: [
      { name: 'rows', type: 'u32' },
      { name: 'slices', type: 'u32' },
    ],
    source: `
const QUADS = ${headWidth / 4}u;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  if (lane >= QUADS) { return; }
  let row = group.x;
  var most = -1e30f;
  for (var s = 0u; s < u.slices; s++) { most = max(most, partLogs[s * u.rows + row]); }
  var sum = vec4<f32>();
  var total = 0f;
  for (var s = 0u; s < u.slices; s++) {
    let weight = exp(partLogs[s * u.rows + row] - most);
    total += weight;
    sum += weight * parts[(s * u.rows + row) * QUADS + lane];
  }
  out[row * QUADS + lane] = sum / total;
  if (lane == 0) { logSumExp[row] = most + log(total); }
}`,
  };
});
