/** Invocations of a workgroup: the most that every device of WebGPU has. */
export const workgroupSize = 256;

/** More workgroups than these keep no device busier; a program's invocations stride over what is left. */
const mostStriding = 4096;

/**
 * Workgroups of {@link workgroupSize} for a program whose invocations stride over `count` items, at least one:
 * `for (var i = id.x; i < u.count; i += groups.x * 256u)`.
 */
export function striding(count: number, most = mostStriding): [number] {
  return [Math.max(1, Math.min(most, Math.ceil(count / workgroupSize)))];
}

/** WGSL: `sumOfWorkgroup(lane, value)`, for all invocations, once in a program and in uniform control flow. */
export function sumOfWorkgroup(type: 'f32' | 'u32'): string {
  return `
var<workgroup> lanes: array<${type}, ${workgroupSize}>;
fn sumOfWorkgroup(lane: u32, value: ${type}) -> ${type} {
  lanes[lane] = value;
  workgroupBarrier();
  for (var half = ${workgroupSize / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
    workgroupBarrier();
  }
  return lanes[0];
}`;
}
