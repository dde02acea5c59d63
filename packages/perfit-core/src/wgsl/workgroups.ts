import type { WgslRunner } from './runner.ts';

/** Invocations of a workgroup: the most that every device of WebGPU has. */
export const workgroupSize = 256;

/**
 * Workgroups of {@link workgroupSize} for a program whose invocations stride over `count` items, at least one:
 * `for (var i = id.x; i < u.count; i += groups.x * 256u)`.
 * @param most where the program can do with no more
 */
export function striding({ choices }: WgslRunner, count: number, most = Number.POSITIVE_INFINITY): [number] {
  return [Math.max(1, Math.min(most, choices.maxStriding, Math.ceil(count / workgroupSize)))];
}

/** Rows of lanes that are added up by themselves: two barriers, where a tree has eight. */
const rows = Math.sqrt(workgroupSize);

/** WGSL: `sumOfWorkgroup(lane, value)`, for all invocations, once in a program and in uniform control flow. */
export function sumOfWorkgroup(type: 'f32' | 'u32'): string {
  return `
var<workgroup> lanes: array<${type}, ${workgroupSize}>;
var<workgroup> sums: array<${type}, ${rows}>;
fn sumOfWorkgroup(lane: u32, value: ${type}) -> ${type} {
  lanes[lane] = value;
  workgroupBarrier();
  if (lane < ${rows}u) {
    var sum = ${type}(0);
    for (var at = lane; at < ${workgroupSize}u; at += ${rows}u) { sum += lanes[at]; }
    sums[lane] = sum;
  }
  workgroupBarrier();
  var total = ${type}(0);
  for (var row = 0u; row < ${rows}u; row++) { total += sums[row]; }
  return total;
}`;
}

/** WGSL: `runningSum(lane, value)`, of all lanes up to this one, once in a program and in uniform control flow. */
export const runningSum = `
var<workgroup> running: array<u32, ${workgroupSize}>;
var<workgroup> runningRows: array<u32, ${rows}>;
fn sumOfLanes(first: u32, end: u32) -> u32 {
  var sum = 0u;
  for (var at = first; at < end; at++) { sum += running[at]; }
  return sum;
}
fn runningSum(lane: u32, value: u32) -> u32 {
  running[lane] = value;
  workgroupBarrier();
  if (lane < ${rows}u) { runningRows[lane] = sumOfLanes(lane * ${rows}u, (lane + 1u) * ${rows}u); }
  workgroupBarrier();
  let row = lane / ${rows}u;
  var sum = sumOfLanes(row * ${rows}u, lane + 1u);
  for (var above = 0u; above < row; above++) { sum += runningRows[above]; }
  return sum;
}`;
