import { memoize, type StorageBinding, type UniformField, type WgslProgram } from '../../wgsl/program.ts';
import { sumOfWorkgroup, workgroupSize } from '../../wgsl/workgroups.ts';
import { maskedVectors, vectorTypes, type Width } from '../mask-bits/masked-vectors.ts';

export interface AdamWVariant {
  readonly width: Width;
  readonly hasPull: boolean;
}

/** Partial sums of the squared norm: as many as one workgroup adds up at once. */
export const maxPartials = workgroupSize;

/** Σ of the squares of the owned coordinates of the gradient, one partial sum a workgroup. */
export const normProgram = memoize(({ width, hasPull }: AdamWVariant): WgslProgram => {
  return {
    name: 'adamw-norm',
    storage: [
      { name: 'gradient', element: vectorTypes[width].real, access: 'read' },
      { name: 'mask', element: 'u32', access: 'read' },
      { name: 'partials', element: 'f32', access: 'read_write' },
      ...(hasPull ? [binding('theta', width, 'read'), anchor(width)] : []),
    ],
    uniforms: [{ name: 'count', type: 'u32' }, ...(hasPull ? [pullStrength] : [])],
    source: `${shared({ width, hasPull })}${sumOfWorkgroup('f32')}
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
) {
  var sum = Real(0);
  for (var i = id.x; i < u.count; i += groups.x * ${workgroupSize}u) {
    let isOwned = owned(i);
    if (!any(isOwned)) { continue; }
    let g = select(Real(0), slope(i), isOwned);
    sum += g * g;
  }
  let total = sumOfWorkgroup(lane, ${width === 4 ? 'dot(sum, Real(1))' : 'sum'});
  if (lane == 0u) { partials[group.x] = total; }
}`,
  };
});

/** Adds up the partial sums, clips, and moves both moments and theta. What is written comes as bits: others stay theirs. */
export const updateProgram = memoize(({ width, hasPull }: AdamWVariant): WgslProgram => {
  return {
    name: 'adamw-update',
    storage: [
      { name: 'gradient', element: vectorTypes[width].real, access: 'read' },
      { name: 'mask', element: 'u32', access: 'read' },
      { name: 'partials', element: 'f32', access: 'read' },
      binding('theta', width, 'read_write'),
      binding('firstMoment', width, 'read_write'),
      binding('secondMoment', width, 'read_write'),
      ...(hasPull ? [anchor(width)] : []),
    ],
    uniforms: [
      { name: 'count', type: 'u32' },
      { name: 'partialCount', type: 'u32' },
      ...stepFields.map((name): UniformField => ({ name, type: 'f32' })),
      ...(hasPull ? [pullStrength] : []),
    ],
    source: `${shared({ width, hasPull })}${sumOfWorkgroup('f32')}
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  var clip = 1.0;
  if (u.clipNorm > 0) {
    var partial = 0.0;
    if (lane < u.partialCount) { partial = partials[lane]; }
    clip = min(u.clipNorm / (sqrt(sumOfWorkgroup(lane, partial)) + 1e-6), 1.0);
  }
  for (var i = id.x; i < u.count; i += groups.x * ${workgroupSize}u) {
    let isOwned = owned(i);
    if (!any(isOwned)) { continue; }
    let at = bitcast<Real>(theta[i]);
    let g = clip * slope(i);
    let m = u.beta1 * bitcast<Real>(firstMoment[i]) + u.rest1 * g;
    let v = u.beta2 * bitcast<Real>(secondMoment[i]) + u.rest2 * g * g;
    let spread = sqrt(v) * u.spreadScale + u.epsilon;
    let next = at - (u.stepSize * m / spread + u.decay * at);
    theta[i] = select(theta[i], bitcast<Bits>(next), isOwned);
    firstMoment[i] = select(firstMoment[i], bitcast<Bits>(m), isOwned);
    secondMoment[i] = select(secondMoment[i], bitcast<Bits>(v), isOwned);
  }
}`,
  };
});

const stepFields = [
  'beta1',
  'rest1',
  'beta2',
  'rest2',
  'epsilon',
  'stepSize',
  'spreadScale',
  'decay',
  'clipNorm',
] as const;

const pullStrength: UniformField = { name: 'pull', type: 'f32' };

function binding(name: string, width: Width, access: StorageBinding['access']): StorageBinding {
  return { name, element: vectorTypes[width].bits, access };
}

function anchor(width: Width): StorageBinding {
  return { name: 'anchor', element: vectorTypes[width].real, access: 'read' };
}

function shared({ width, hasPull }: AdamWVariant): string {
  const pull = hasPull ? ' + u.pull * (bitcast<Real>(theta[i]) - anchor[i])' : '';
  return `${maskedVectors(width)}
fn slope(i: u32) -> Real { return gradient[i]${pull}; }`;
}
