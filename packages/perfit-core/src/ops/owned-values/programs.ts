import { memoize, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { workgroupSize } from '../../wgsl/workgroups.ts';

/** All values are moved as bits: f32 in WGSL may lose subnormals and NaN. */
const read = (name: string): StorageBinding => ({ name, element: 'u32', access: 'read' });
const written = (name: string): StorageBinding => ({ name, element: 'u32', access: 'read_write' });

/** WGSL: a loop over `count` items, `i` in `body`. */
function forEach(count: string, body: string): string {
  return `
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < ${count}; i += groups.x * ${workgroupSize}u) {
    ${body}
  }
}`;
}

/** WGSL: whether position p is owned, and where it is among those that are. */
const places = `
fn owned(p: u32) -> bool { return ((mask[p >> 5u] >> (p & 31u)) & 1u) == 1u; }
fn place(p: u32) -> u32 { return keptBefore[p >> 5u] + countOneBits(mask[p >> 5u] & ((1u << (p & 31u)) - 1u)); }`;

/** Binds mask, keptBefore, values [N], packed [kept]. */
export const packProgram: WgslProgram = {
  name: 'pack-owned',
  storage: [read('mask'), read('keptBefore'), read('values'), written('packed')],
  uniforms: [{ name: 'size', type: 'u32' }],
  source: `${places}${forEach('u.size', 'if (owned(i)) { packed[place(i)] = values[i]; }')}`,
};

/** Binds mask, keptBefore, packed [kept], values [N], and rest [N] where there is one. */
export const unpackProgram = memoize((hasRest: boolean): WgslProgram => {
  const body = `if (owned(i)) { values[i] = packed[place(i)]; } else { values[i] = ${hasRest ? 'rest[i]' : '0u'}; }`;
  return {
    name: 'unpack-owned',
    storage: [
      ...[read('mask'), read('keptBefore'), read('packed'), written('values')],
      ...(hasRest ? [read('rest')] : []),
    ],
    uniforms: [{ name: 'size', type: 'u32' }],
    source: `${places}${forEach('u.size', body)}`,
  };
});
