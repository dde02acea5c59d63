import * as tf from '@tensorflow/tfjs-core';
import { memoize, type WgslProgram } from '../../wgsl/program.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { striding, workgroupSize } from '../../wgsl/workgroups.ts';
import { maskedVectors, vectorTypes, type Width, widthOf } from '../mask-bits/masked-vectors.ts';

/** What is scored: |θ ⊙ ∂L/∂θ|, |∂L/∂θ| or |θ|, each [N]. */
export type Scored =
  | { readonly score: 'taylor'; readonly theta: tf.Tensor1D; readonly gradient: tf.Tensor1D }
  | { readonly score: 'gradient'; readonly gradient: tf.Tensor1D }
  | { readonly score: 'magnitude'; readonly theta: tf.Tensor1D };

/**
 * Scores of owned positions; the others have zero. On WebGPU.
 * @param mask int32 [⌈N/32⌉], bits   @returns [N]; the caller disposes it
 * Source: Molchanov et al. 2017 (arXiv 1611.06440), eq. 6, for single weights.
 */
export function taylorScore(scored: Scored, mask: tf.Tensor1D): tf.Tensor1D {
  const runner = WgslRunner.current();
  const factors = factorsOf(scored);
  const size = (factors[0] as tf.Tensor1D).size;
  const width = widthOf(size);
  const scores = runner.empty<tf.Tensor1D>([size]);
  const count = size / width;
  runner.run(program(width, factors.length), {
    tensors: [...factors, mask, scores],
    uniforms: { count },
    workgroups: striding(runner, count),
  });
  return scores;
}

/** The same without a mask, in stock ops. @returns [N]; the caller disposes it */
export function composedTaylorScore(scored: Scored): tf.Tensor1D {
  return tf.tidy(() => tf.abs(factorsOf(scored).reduce((product, factor) => tf.mul(product, factor))));
}

function factorsOf(scored: Scored): readonly tf.Tensor1D[] {
  switch (scored.score) {
    case 'taylor':
      return [scored.theta, scored.gradient];
    case 'gradient':
      return [scored.gradient];
    case 'magnitude':
      return [scored.theta];
  }
}

const program = memoize((width: Width, factors: number): WgslProgram => {
  const names = ['x', 'y'].slice(0, factors);
  return {
    name: 'taylor-score',
    storage: [
      ...names.map((name) => ({ name, element: vectorTypes[width].real, access: 'read' }) as const),
      { name: 'mask', element: 'u32', access: 'read' },
      { name: 'scores', element: vectorTypes[width].real, access: 'read_write' },
    ],
    uniforms: [{ name: 'count', type: 'u32' }],
    source: `${maskedVectors(width)}
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < u.count; i += groups.x * ${workgroupSize}u) {
    scores[i] = select(Real(0), abs(${names.map((name) => `${name}[i]`).join(' * ')}), owned(i));
  }
}`,
  };
});
