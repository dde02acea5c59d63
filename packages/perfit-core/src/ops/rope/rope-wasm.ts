import type * as tf from '@tensorflow/tfjs-core';
import { ranges, WasmRunner } from '../../wasm/runner.ts';
import type { Turning } from './rope-wgsl.ts';

/** As `rope-wgsl.ts` has it, on the processor. */
export function ropeForward(given: Turning & { qkv: tf.Tensor2D }): tf.Tensor2D {
  const { shape, table, firstPosition, queryNorm, keyNorm, eps, qkv } = given;
  const { length, heads, keyHeads, headWidth } = shape;
  checkPositions(given);
  const runner = WasmRunner.current();
  const rotated = runner.empty<tf.Tensor2D>([qkv.shape[0], (heads + keyHeads) * headWidth]);
  const of = [length, heads, keyHeads, headWidth / 2, firstPosition, eps, runner.address(qkv)] as const;
  const others = runner.addresses(table.cos, table.sin, queryNorm, keyNorm);
  const to = runner.address(rotated);
  runner.run(cutRows(runner, given).map(([from, end]) => ['rotateForward', from, end, ...of, ...others, to]));
  return rotated;
}

/** As `rope-wgsl.ts` has it, on the processor. */
export function ropeBackward(given: Turning & { qkv: tf.Tensor2D; dRotated: tf.Tensor2D; dQkv: tf.Tensor2D }): void {
  const { shape, table, firstPosition, queryNorm, keyNorm, eps, qkv, dRotated, dQkv } = given;
  const { length, heads, keyHeads, headWidth } = shape;
  checkPositions(given);
  const runner = WasmRunner.current();
  const of = [length, heads, keyHeads, headWidth / 2, firstPosition, eps, runner.address(qkv)] as const;
  const others = runner.addresses(dRotated, table.cos, table.sin, queryNorm, keyNorm);
  const to = runner.address(dQkv);
  runner.run(cutRows(runner, given).map(([from, end]) => ['rotateBackward', from, end, ...of, ...others, to]));
}

function cutRows(runner: WasmRunner, { shape }: Turning): [from: number, to: number][] {
  const { rows, length, heads, keyHeads, headWidth } = shape;
  const m = rows * length;
  return ranges(m, runner.parts(4 * m * (heads + keyHeads) * headWidth, m));
}

function checkPositions({ shape, table, firstPosition }: Turning): void {
  if (firstPosition + shape.length <= table.positions) return;
  throw new RangeError(`the rotary table has ${table.positions} positions, ${firstPosition + shape.length} are needed`);
}
