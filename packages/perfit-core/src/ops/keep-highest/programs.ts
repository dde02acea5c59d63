import type { StorageBinding, UniformField, WgslProgram } from '../../wgsl/program.ts';
import { runningSum, sumOfWorkgroup, workgroupSize } from '../../wgsl/workgroups.ts';
import { positionsOfWord } from '../mask-bits/mask-bits.ts';

/** A digit of a score's 31 bits without the sign: those from `shift` on, `bits` of them. */
interface Digit {
  readonly shift: number;
  readonly bits: number;
}

/** From the highest on. The histogram of one fits into half of the workgroup memory that every device has. */
const digits: readonly Digit[] = [
  { shift: 20, bits: 11 },
  { shift: 10, bits: 10 },
  { shift: 0, bits: 10 },
];
export const maxBins = 2 ** 11;

/** Positions that a workgroup of the last two programs takes: a word of the mask for each of its invocations. */
export const positionsOfBlock = workgroupSize * positionsOfWord;

/**
 * What the programs hand on, as u32: the digits of the last score kept that are known, how many are to be kept of those
 * that begin with them, and the first position whose score cannot be ranked.
 */
export const noneInvalid = -1;
export const startState = Int32Array.of(0, 0, noneInvalid);

const segment: readonly UniformField[] = [
  { name: 'offset', type: 'u32' },
  { name: 'size', type: 'u32' },
];

const read = (name: string): StorageBinding => ({ name, element: 'u32', access: 'read' });
const written = (name: string, element = 'u32'): StorageBinding => ({ name, element, access: 'read_write' });

/** Numbers that are not negative sort like their bits; without the sign, negative zero is zero. */
const sortKey = 'fn sortKey(bits: u32) -> u32 { return bits & 0x7fffffffu; }\n';

/** A histogram of one digit, of the candidates that have the digits above it: binds scores, mask, state, counts. */
function countDigit({ shift, bits }: Digit): WgslProgram {
  const isFirst = shift + bits === 31;
  const bins = 2 ** bits;
  return {
    name: 'keep-highest-count',
    storage: [read('scores'), read('mask'), written('state', 'atomic<u32>'), written('counts', 'atomic<u32>')],
    uniforms: segment,
    source: `${sortKey}
var<workgroup> ours: array<atomic<u32>, ${bins}>;
fn isRankable(bits: u32) -> bool { return bits < 0x7f800000u || bits == 0x80000000u; }
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  ${isFirst ? 'let known = 0u;' : 'let known = atomicLoad(&state[0]);'}
  for (var i = id.x; i < u.size; i += groups.x * ${workgroupSize}u) {
    let p = u.offset + i;
    if (((mask[p >> 5u] >> (p & 31u)) & 1u) == 0u) { continue; }
    let key = sortKey(scores[p]);
    ${isFirst ? 'if (!isRankable(scores[p])) { atomicMin(&state[2], p); }' : ''}
    if (key >> ${shift + bits}u == known) { atomicAdd(&ours[(key >> ${shift}u) & ${bins - 1}u], 1u); }
  }
  workgroupBarrier();
  for (var bin = lane; bin < ${bins}u; bin += ${workgroupSize}u) {
    let count = atomicLoad(&ours[bin]);
    if (count > 0u) { atomicAdd(&counts[bin], count); }
  }
}`,
  };
}

/** Finds the digit of the last score kept, and leaves the histogram empty. One workgroup; binds state, counts. */
function pickDigit({ shift, bits }: Digit): WgslProgram {
  const isFirst = shift + bits === 31;
  const bins = 2 ** bits;
  const binsOfLane = bins / workgroupSize;
  return {
    name: 'keep-highest-pick',
    storage: [written('state'), written('counts')],
    uniforms: isFirst ? [{ name: 'count', type: 'u32' }] : [],
    source: `${runningSum}
@compute @workgroup_size(${workgroupSize}) fn main(@builtin(local_invocation_index) lane: u32) {
  // The first lane has the highest bins.
  let top = ${bins - 1}u - lane * ${binsOfLane}u;
  var sum = 0u;
  for (var j = 0u; j < ${binsOfLane}u; j++) { sum += counts[top - j]; }
  let known = ${isFirst ? '0u' : 'state[0]'};
  let count = ${isFirst ? 'u.count' : 'state[1]'};
  storageBarrier(); // All have read the state before one writes it.
  var above = runningSum(lane, sum) - sum;
  let isHere = above < count && count <= above + sum;
  for (var j = 0u; j < ${binsOfLane}u; j++) {
    let bin = top - j;
    let here = counts[bin];
    if (isHere && above < count && count <= above + here) {
      state[0] = (known << ${bits}u) | bin;
      state[1] = count - above;
    }
    above += here;
    counts[bin] = 0u;
  }
}`,
  };
}

/** WGSL: the word of the mask that a lane has, and the bits of it that belong to the segment; none behind its end. */
const wordOfLane = `
fn wordOf(group: u32, lane: u32) -> u32 { return (u.offset >> 5u) + group * ${workgroupSize}u + lane; }
fn inside(word: u32) -> u32 {
  let begin = max(u.offset, word << 5u);
  let end = min(u.offset + u.size, (word << 5u) + 32u);
  if (begin >= end) { return 0u; }
  return (0xffffffffu >> (32u - (end - begin))) << (begin & 31u);
}`;

/**
 * Keeps the candidates whose score is above the last one kept, and writes down those that have just that score, with
 * their number in each block. Binds scores, mask, state, ties, blockTies. Scores are read in order, lane beside lane,
 * and their bits meet in workgroup memory.
 */
export const markProgram: WgslProgram = {
  name: 'keep-highest-mark',
  storage: [read('scores'), written('mask'), read('state'), written('ties'), written('blockTies')],
  uniforms: [...segment, { name: 'count', type: 'u32' }],
  source: `${sortKey}${wordOfLane}${sumOfWorkgroup('u32')}
var<workgroup> candidates: array<u32, ${workgroupSize}>;
var<workgroup> above: array<atomic<u32>, ${workgroupSize}>;
var<workgroup> tied: array<atomic<u32>, ${workgroupSize}>;
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>,
) {
  let word = wordOf(group.x, lane);
  let ours = inside(word);
  var before = 0u;
  if (ours != 0u) { before = mask[word]; }
  candidates[lane] = before & ours;
  workgroupBarrier();
  let last = state[0];
  if (u.count > 0u) {
    for (var i = lane; i < ${positionsOfBlock}u; i += ${workgroupSize}u) {
      let bit = 1u << (i & 31u);
      if ((candidates[i >> 5u] & bit) == 0u) { continue; }
      let key = sortKey(scores[(wordOf(group.x, 0u) << 5u) + i]);
      if (key > last) { atomicOr(&above[i >> 5u], bit); }
      if (key == last) { atomicOr(&tied[i >> 5u], bit); }
    }
  }
  workgroupBarrier();
  let tiedHere = atomicLoad(&tied[lane]);
  if (ours != 0u) {
    mask[word] = (before & ~ours) | atomicLoad(&above[lane]);
    ties[word] = tiedHere;
  }
  let total = sumOfWorkgroup(lane, countOneBits(tiedHere));
  if (lane == 0u) { blockTies[group.x] = total; }
}`,
};

/** Keeps as many of the ties as are missing, from the lowest position on. Binds mask, state, ties, blockTies. */
export const settleProgram: WgslProgram = {
  name: 'keep-highest-settle',
  storage: [written('mask'), read('state'), read('ties'), read('blockTies')],
  uniforms: segment,
  source: `${wordOfLane}${runningSum}${sumOfWorkgroup('u32')}
fn lowest(bits: u32, count: u32) -> u32 {
  var rest = bits;
  for (var i = 0u; i < count; i++) { rest &= rest - 1u; }
  return bits ^ rest;
}
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>,
) {
  var inBlocks = 0u;
  for (var block = lane; block < group.x; block += ${workgroupSize}u) { inBlocks += blockTies[block]; }
  let beforeBlock = sumOfWorkgroup(lane, inBlocks);
  let word = wordOf(group.x, lane);
  var tied = 0u;
  if (inside(word) != 0u) { tied = ties[word]; }
  let count = countOneBits(tied);
  let before = beforeBlock + runningSum(lane, count) - count;
  if (count > 0u && before < state[1]) { mask[word] |= lowest(tied, min(count, state[1] - before)); }
}`,
};

/** In turns: count a digit, pick it. */
export const digitPrograms = digits.map((digit) => ({ count: countDigit(digit), pick: pickDigit(digit) }));
