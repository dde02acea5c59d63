import type * as tf from '@tensorflow/tfjs-core';
import { WasmRunner } from '../../wasm/runner.ts';
import type { Turning } from './rope-wgsl.ts';

/** As `rope-wgsl.ts` has it, on the processor. */
export function ropeForward(given: Turning & { qkv: tf.Tensor2D }): tf.Tensor2D {
  const { shape, table, firstPosition, queryNorm, keyNorm, eps, qkv } = given;
  const { rows, length, heads, keyHeads, headWidth } = shape;
  checkPositions(given);
  const runner = WasmRunner.current();
  const rotated = runner.empty<tf.Tensor2D>([qkv.shape[0], (heads + keyHeads) * headWidth]);
  runner.programs.rotateForward(
    rows * length,
    length,
    heads,
    keyHeads,
    headWidth / 2,
    firstPosition,
    eps,
    runner.address(qkv),
    runner.address(table.cos),
    runner.address(table.sin),
    runner.address(queryNorm),
    runner.address(keyNorm),
    runner.address(rotated),
  );
  return rotated;
}

/** As `rope-wgsl.ts` has it, on the processor. */
export function ropeBackward(given: Turning & { qkv: tf.Tensor2D; dRotated: tf.Tensor2D; dQkv: tf.Tensor2D }): void {
  const { shape, table, firstPosition, queryNorm, keyNorm, eps, qkv, dRotated, dQkv } = given;
  const { rows, length, heads, keyHeads, headWidth } = shape;
  checkPositions(given);
  const runner = WasmRunner.current();
  runner.programs.rotateBackward(
    rows * length,
    length,
    heads,
    keyHeads,
    headWidth / 2,
    firstPosition,
    eps,
    runner.address(qkv),
    runner.address(dRotated),
    runner.address(table.cos),
    runner.address(table.sin),
    runner.address(queryNorm),
    runner.address(keyNorm),
    runner.address(dQkv),
  );
}

function checkPositions({ shape, table, firstPosition }: Turning): void {
  if (firstPosition + shape.length <= table.positions) return;
  throw new RangeError(`the rotary table has ${table.positions} positions, ${firstPosition + shape.length} are needed`);
}
