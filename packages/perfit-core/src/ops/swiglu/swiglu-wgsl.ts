import type * as tf from '@tensorflow/tfjs-core';
import { matrixBinding, matrixReader, matrixWriter, unsigned } from '../../wgsl/access.ts';
import { memoize, type WgslProgram } from '../../wgsl/program.ts';
import { spread, WgslRunner } from '../../wgsl/runner.ts';

/**
 * silu(gate) · up. @param gateUp [M, 2F]: gate, then up   @returns [M, F]; the caller disposes it
 * Source: Shazeer 2020 (arXiv 2002.05202), eq. 5.
 */
export function swigluForward(gateUp: tf.Tensor2D): tf.Tensor2D {
  const runner = WgslRunner.current();
  const [rows, width] = [gateUp.shape[0], gateUp.shape[1] / 2];
  const out = runner.empty<tf.Tensor2D>([rows, width]);
  runner.run(forwardProgram(width % 4 === 0), { tensors: [gateUp, out], ...callOf(rows, width) });
  return out;
}

/** @param given.gateUp [M, 2F]   @param given.dy [M, F]   @returns the gradient to gateUp, [M, 2F]; the caller disposes it */
export function swigluBackward({ gateUp, dy }: { gateUp: tf.Tensor2D; dy: tf.Tensor2D }): tf.Tensor2D {
  const runner = WgslRunner.current();
  const [rows, width] = dy.shape;
  const out = runner.empty<tf.Tensor2D>([rows, 2 * width]);
  runner.run(backwardProgram(width % 4 === 0), { tensors: [gateUp, dy, out], ...callOf(rows, width) });
  return out;
}

const threads = 64;

function callOf(rows: number, width: number) {
  const workgroups = spread(Math.ceil((rows * Math.ceil(width / 4)) / threads));
  return { uniforms: { rows, width }, workgroups };
}

/** The exponent is held where exp is finite: sigmoid has long been 0 or 1 there. */
const declarations = `fn sigmoid4(g: vec4<f32>) -> vec4<f32> { return 1.0 / (1.0 + exp(clamp(-g, vec4(-80.0), vec4(80.0)))); }`;

const head = `@compute @workgroup_size(${threads}) fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let fours = (u.width + 3u) / 4u;
  let id = (group.x + group.y * groups.x) * ${threads}u + local;
  let m = id / fours;
  let k = 4u * (id % fours);
  if (m >= u.rows) { return; }
  let gate = gate_up4(m, k);
  let up = gate_up4(m, u.width + k);
  let sigmoid = sigmoid4(gate);`;

function accesses(vector: boolean) {
  const access = (name: string, width: string) => ({ name, rows: 'u.rows', width, stride: width, vector });
  return { gateUp: access('gate_up', '(2u * u.width)'), single: access('single', 'u.width') };
}

const forwardProgram = memoize((vector: boolean): WgslProgram => {
  const { gateUp, single } = accesses(vector);
  return {
    name: 'swiglu',
    storage: [matrixBinding(gateUp), matrixBinding(single, 'read_write')],
    uniforms: unsigned('rows', 'width'),
    source: `${declarations} ${matrixReader(gateUp)} ${matrixWriter(single)} ${head}
      set_single4(m, k, gate * sigmoid * up);
    }`,
  };
});

const backwardProgram = memoize((vector: boolean): WgslProgram => {
  const { gateUp, single } = accesses(vector);
  const out = { ...gateUp, name: 'out' };
  // Where four values straddle gate and up, the writer of up comes last and must not be overwritten: one by one.
  const store = vector
    ? 'set_out4(m, k, d_gate); set_out4(m, u.width + k, d_up);'
    : `for (var i = 0u; i < 4u; i++) {
         if (k + i < u.width) {
           out[m * 2u * u.width + k + i] = d_gate[i];
           out[m * 2u * u.width + u.width + k + i] = d_up[i];
         }
       }`;
  return {
    name: 'swiglu-gradient',
    storage: [matrixBinding(gateUp), matrixBinding(single), matrixBinding(out, 'read_write')],
    uniforms: unsigned('rows', 'width'),
    source: `${declarations} ${matrixReader(gateUp)} ${matrixReader(single)} ${vector ? matrixWriter(out) : ''} ${head}
      let dy = single4(m, k);
      let d_gate = dy * up * sigmoid * (1.0 + gate * (1.0 - sigmoid));
      let d_up = dy * gate * sigmoid;
      ${store}
    }`,
  };
});
