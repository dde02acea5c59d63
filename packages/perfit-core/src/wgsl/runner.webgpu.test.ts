import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../testing/needs.ts';
import { startWebGpu } from '../../test/webgpu.ts';
import type { WgslProgram } from './program.ts';
import { spread, WgslRunner } from './runner.ts';

const scaleInPlace: WgslProgram = {
  name: 'scale-in-place',
  storage: [{ name: 'x', element: 'f32', access: 'read_write' }],
  uniforms: [
    { name: 'count', type: 'u32' },
    { name: 'factor', type: 'f32' },
  ],
  source: `@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < u.count) { x[id.x] = x[id.x] * u.factor; }
  }`,
};

describe('WgslRunner', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it('runs in order with the kernels of tfjs, and writes in place', async () => {
    const runner = WgslRunner.current();
    const x = tf.tensor1d(Float32Array.from({ length: 100 }, (_, i) => i));
    const more = tf.add(x, 1);
    const call = (factor: number) =>
      runner.run(scaleInPlace, { tensors: [more], uniforms: { count: 100, factor }, workgroups: [2] });
    call(2);
    expect((await more.data())[3]).toBe(8);
    call(3);
    const sum = tf.sum(more);
    expect((await more.data())[3]).toBe(24);
    expect((await sum.data())[0]).toBe(6 * 5050);
    tf.dispose([x, more, sum]);
  });

  it('reuses the buffer of what was disposed before the queue was submitted, and trims the pool', async () => {
    const runner = WgslRunner.current();
    runner.trimPool();
    const before = tf.memory() as tf.MemoryInfo & { numBytesInGPU: number; numBytesAllocatedInGPU: number };
    for (let i = 0; i < 20; i++) {
      const x = runner.empty([1 << 16]);
      runner.run(scaleInPlace, { tensors: [x], uniforms: { count: 1 << 16, factor: 0 }, workgroups: [1 << 10] });
      x.dispose();
    }
    const after = tf.memory() as typeof before;
    expect(after.numBytesAllocatedInGPU - before.numBytesAllocatedInGPU).toBe(4 << 16);
    runner.trimPool();
    expect((tf.memory() as typeof before).numBytesAllocatedInGPU).toBe(before.numBytesAllocatedInGPU);
  });

  it('refuses a call that does not fit its program', () => {
    const runner = WgslRunner.current();
    expect(() => runner.run(scaleInPlace, { tensors: [], workgroups: [1] })).toThrow('binds 1 tensors, not 0');
    const x = runner.empty([4]);
    expect(() => runner.run(scaleInPlace, { tensors: [x], uniforms: { count: 4 }, workgroups: [1] })).toThrow(
      'without its uniform factor',
    );
    x.dispose();
  });
});

it('spreads many workgroups over two dimensions', () => {
  expect(spread(10)).toEqual([10, 1]);
  const [x, y] = spread(200_000);
  expect(x * y).toBeGreaterThanOrEqual(200_000);
  expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
});
