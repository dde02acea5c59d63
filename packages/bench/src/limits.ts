import { timeRuns } from '@perfit/core';
import { timeOnDevice, unsigned, WasmRunner, type WgslProgram, WgslRunner } from '@perfit/core/programs';
import * as tf from '@tensorflow/tfjs-core';

/** What a device can do at most, measured by loops that do nothing else. */
export interface Limits {
  /** f32 multiply-adds, two operations each, in registers. */
  readonly fmaGflops: number;
  /** Multiply-adds of bytes, two operations each: what integer products could reach; null where they are not to be had. */
  readonly integerGops: number | null;
  /** Bytes read plus bytes written by a plain copy. */
  readonly copyGBps: number;
}

/** Of the current backend's device; of the processor on one thread. */
export async function measureLimits(): Promise<Limits> {
  return tf.getBackend() === 'wasm' ? await processorLimits() : await adapterLimits();
}

/** Of a program of the processor, which is done when it returns. */
const written = { settle: async () => {}, dispose: () => {} };

async function processorLimits(): Promise<Limits> {
  const { programs } = WasmRunner.current();
  const rounds = 1 << 20;
  const timed = async (run: () => void) => {
    const { milliseconds } = await timeRuns(() => {
      run();
      return written;
    });
    return milliseconds;
  };
  const fma = await timed(() => programs.multiplyAdds(rounds));
  const integers = programs.integerProducts(1) < 0 ? null : await timed(() => programs.integerProducts(rounds));
  // Larger than the caches.
  const bytes = 1 << 27;
  const [from, to] = [tf.zeros([bytes / 4]), tf.zeros([bytes / 4])];
  const [source, goal] = WasmRunner.current().addresses(from, to);
  const copy = await timed(() => programs.copyRows(1, bytes, source, bytes, goal, bytes));
  tf.dispose([from, to]);
  return {
    fmaGflops: (96 * rounds) / fma / 1e6,
    integerGops: integers && (384 * rounds) / integers / 1e6,
    copyGBps: (2 * bytes) / copy / 1e6,
  };
}

async function adapterLimits(): Promise<Limits> {
  const runner = WgslRunner.current();
  const isSoftware = runner.isSoftware;
  const rounds = isSoftware ? 64 : 512;
  const groups = isSoftware ? 64 : 4096;
  const out = runner.empty<tf.Tensor1D>([groups * 64]);
  const fma = await timeOnDevice(() => {
    runner.run(fmaProgram, { tensors: [out], uniforms: { rounds }, workgroups: [groups] });
    return out.clone();
  });
  const operations = 2 * 4 * 16 * rounds * groups * 64;
  const fours = isSoftware ? 1 << 20 : 1 << 24;
  const source = runner.empty<tf.Tensor1D>([4 * fours]);
  const target = runner.empty<tf.Tensor1D>([4 * fours]);
  const copy = await timeOnDevice(() => {
    runner.run(copyProgram, {
      tensors: [source, target],
      uniforms: { fours },
      workgroups: [Math.min(65535, fours / 64)],
    });
    return target.clone();
  });
  tf.dispose([out, source, target]);
  return {
    fmaGflops: operations / fma.milliseconds / 1e6,
    integerGops: null,
    copyGBps: (2 * 16 * fours) / copy.milliseconds / 1e6,
  };
}

/** Sixteen independent chains of four: more than any unit's latency. */
const chains = Array.from({ length: 16 }, (_, i) => i);
const fmaProgram: WgslProgram = {
  name: 'fma-loop',
  storage: [{ name: 'out', element: 'f32', access: 'read_write' }],
  uniforms: unsigned('rounds'),
  source: `@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let a = vec4<f32>(0.999, 0.998, 0.997, 0.996);
    let b = vec4<f32>(f32(id.x & 7u)) * 0.001;
    ${chains.map((i) => `var c_${i} = b + ${i}.0;`).join(' ')}
    for (var i = 0u; i < u.rounds; i++) { ${chains.map((i) => `c_${i} = fma(c_${i}, a, b);`).join(' ')} }
    let all = ${chains.map((i) => `c_${i}`).join(' + ')};
    out[id.x] = all.x + all.y + all.z + all.w;
  }`,
};

const copyProgram: WgslProgram = {
  name: 'copy-loop',
  storage: [
    { name: 'source', element: 'vec4<f32>', access: 'read' },
    { name: 'goal', element: 'vec4<f32>', access: 'read_write' },
  ],
  uniforms: unsigned('fours'),
  source: `@compute @workgroup_size(64) fn main(
    @builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < u.fours; i += groups.x * 64u) { goal[i] = source[i]; }
  }`,
};
