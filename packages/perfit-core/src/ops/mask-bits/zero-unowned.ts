import type * as tf from '@tensorflow/tfjs-core';
import type { WgslProgram } from '../../wgsl/program.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { striding, workgroupSize } from '../../wgsl/workgroups.ts';
import { maskedVectors, vectorTypes, type Width, widthOf } from './masked-vectors.ts';

/** θ ← m ⊙ θ, in place, on WebGPU. @param x [N]   @param mask int32 [⌈N/32⌉], bits */
export function zeroUnowned(x: tf.Tensor1D, mask: tf.Tensor1D): void {
  const width = widthOf(x.size);
  const count = x.size / width;
  const runner = WgslRunner.current();
  runner.run(program(width), { tensors: [x, mask], uniforms: { count }, workgroups: striding(runner, count) });
}

const program = (width: Width): WgslProgram => ({
  name: 'zero-unowned',
  storage: [
    { name: 'x', element: vectorTypes[width].bits, access: 'read_write' },
    { name: 'mask', element: 'u32', access: 'read' },
  ],
  uniforms: [{ name: 'count', type: 'u32' }],
  source: `${maskedVectors(width)}
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < u.count; i += groups.x * ${workgroupSize}u) {
    x[i] = select(Bits(0), x[i], owned(i));
  }
}`,
});
