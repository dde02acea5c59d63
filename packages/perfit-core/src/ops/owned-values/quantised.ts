import * as tf from '@tensorflow/tfjs-core';
import type { WgslProgram } from '../../wgsl/program.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { striding } from '../../wgsl/workgroups.ts';
import { halfProgram, int8Block, int8ScaleProgram, int8StepProgram } from './programs.ts';

/** Values as they go over the wire (DC2), still on the device. */
export interface QuantisedValues {
  /** int32: the payload, little-endian, padded with zeros to whole words; the caller disposes it. */
  readonly words: tf.Tensor1D;
  /** Of the payload. */
  readonly byteLength: number;
}

/**
 * binary16, nearest and ties to even, by the bits of the protocol's codec: what is finite stays finite.
 * @param values [count]
 */
export function quantiseToHalf(values: tf.Tensor1D): QuantisedValues {
  const count = values.size;
  const words = Math.ceil(count / 2);
  return { words: quantised(values, words, [{ program: halfProgram, invocations: words }]), byteLength: 2 * count };
}

/**
 * A binary32 scale for each block of 64 values, then a step of int8 for each value, by the bits of the protocol's codec.
 * @param values [count]
 */
export function quantiseToInt8(values: tf.Tensor1D): QuantisedValues {
  const count = values.size;
  const blocks = Math.ceil(count / int8Block);
  const stepWords = Math.ceil(count / 4);
  const passes = [
    { program: int8ScaleProgram, invocations: blocks },
    { program: int8StepProgram, invocations: stepWords },
  ];
  return { words: quantised(values, blocks + stepWords, passes), byteLength: 4 * blocks + count };
}

/** Reads the payload, and disposes it. */
export async function payloadBytes({ words, byteLength }: QuantisedValues): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset } = (await words.data()) as Int32Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  } finally {
    words.dispose();
  }
}

interface Pass {
  readonly program: WgslProgram;
  readonly invocations: number;
}

function quantised(values: tf.Tensor1D, words: number, passes: readonly Pass[]): tf.Tensor1D {
  if (words === 0) return tf.tensor1d([], 'int32');
  const runner = WgslRunner.current();
  const out = runner.empty<tf.Tensor1D>([words], 'int32');
  for (const { program, invocations } of passes) {
    runner.run(program, {
      tensors: [values, out],
      uniforms: { count: values.size },
      workgroups: striding(runner, invocations),
    });
  }
  return out;
}
