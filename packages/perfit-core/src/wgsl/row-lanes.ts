import type { WgslProgram } from './program.ts';
import { spread, type WgslRunner } from './runner.ts';

/**
 * Which lanes share a row and add up what each has found in it: those of a subgroup, in registers, or a whole workgroup,
 * through its memory and barriers. Every device can do the second.
 */
export type RowLanes = 'subgroup' | 'workgroup';

/** No subgroup has more lanes. */
const subgroupThreads = 128;
const workgroupThreads = 64;

/**
 * How a program begins whose lanes share rows: `main` knows its `row` (which may lie behind the last), its `lane` among
 * `lanes`, and has `sumOfRow(value, lane)`, to be called by all lanes. Subgroups are taken to be lanes side by side, as
 * they are wherever workgroups have one dimension; the autotune looks before it relies on it.
 */
export function rowLanes(kind: RowLanes, type: 'f32' | 'vec2<f32>' | 'vec4<f32>'): Begin {
  if (kind === 'subgroup') {
    return {
      enables: ['subgroups'],
      declarations: `fn sumOfRow(value: ${type}, lane: u32) -> ${type} { return subgroupAdd(value); }`,
      main: `@compute @workgroup_size(${subgroupThreads}) fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32) {
  let row = (group.x + group.y * groups.x) * (${subgroupThreads}u / lanes) + local / lanes;`,
    };
  }
  return {
    enables: [],
    declarations: `
var<workgroup> sums: array<${type}, ${workgroupThreads}>;
fn sumOfRow(value: ${type}, lane: u32) -> ${type} {
  sums[lane] = value;
  workgroupBarrier();
  for (var half = ${workgroupThreads / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  let total = sums[0];
  // The next sum must not begin before every lane has read this one.
  workgroupBarrier();
  return total;
}`,
    main: `@compute @workgroup_size(${workgroupThreads}) fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32) {
  const lanes = ${workgroupThreads}u;
  let row = group.x + group.y * groups.x;`,
  };
}

export interface Begin {
  readonly enables: NonNullable<WgslProgram['enables']>;
  readonly declarations: string;
  /** The entry point's head, and who a thread is. */
  readonly main: string;
}

/** Workgroups for so many rows: enough for the widest subgroups that the device has. */
export function workgroupsOfRows(runner: WgslRunner, rows: number): [number, number] {
  if (runner.choices.rowLanes === 'workgroup') return spread(rows);
  return spread(Math.ceil(rows / (subgroupThreads / runner.maxLanes)));
}
