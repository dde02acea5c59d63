import type { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { WgslRunner } from '../../wgsl/runner.ts';
import { striding } from '../../wgsl/workgroups.ts';
import { maskTensor, positionsOfWord, wordsOf } from '../mask-bits/mask-bits.ts';
import { packProgram, unpackProgram } from './programs.ts';

/**
 * What `Mask.pack` and `Mask.unpack` do, on WebGPU, to the bit. It owns the mask's bits and, for each of its words, how
 * many positions before it are kept, until it is disposed.
 */
export class OwnedValues {
  readonly #mask: Mask;
  readonly #bits: tf.Tensor1D;
  readonly #keptBefore: tf.Tensor1D;

  constructor(mask: Mask) {
    this.#mask = mask;
    this.#bits = maskTensor(mask);
    this.#keptBefore = tf.tensor1d(keptBefore(mask), 'int32');
  }

  /** @param values [N]   @returns [kept], in layout order; the caller disposes it */
  pack(values: tf.Tensor1D): tf.Tensor1D {
    const { size, kept } = this.#mask;
    assertHas(values, size);
    if (kept === 0) return tf.tensor1d([], 'float32'); // A binding cannot be empty.
    const packed = WgslRunner.current().empty<tf.Tensor1D>([kept]);
    this.#run(packProgram, [values, packed]);
    return packed;
  }

  /** @param packed [kept]   @param rest [N]   @returns [N]: what is not owned is as in `rest`, or zero; the caller disposes it */
  unpack(packed: tf.Tensor1D, rest?: tf.Tensor1D): tf.Tensor1D {
    const { size, kept } = this.#mask;
    assertHas(packed, kept);
    if (rest) assertHas(rest, size);
    if (kept === 0) return rest ? tf.slice(rest, 0) : tf.zeros([size]);
    const values = WgslRunner.current().empty<tf.Tensor1D>([size]);
    this.#run(unpackProgram(rest !== undefined), [packed, values, ...(rest ? [rest] : [])]);
    return values;
  }

  #run(program: typeof packProgram, tensors: readonly tf.Tensor1D[]): void {
    const { size } = this.#mask;
    const runner = WgslRunner.current();
    runner.run(program, {
      tensors: [this.#bits, this.#keptBefore, ...tensors],
      uniforms: { size },
      workgroups: striding(runner, size),
    });
  }

  dispose(): void {
    tf.dispose([this.#bits, this.#keptBefore]);
  }
}

/** For each word of the mask, the positions before it that are kept. @returns [⌈N/32⌉] */
function keptBefore(mask: Mask): Int32Array {
  const before = new Int32Array(wordsOf(mask.size));
  for (const p of mask.positions()) {
    const next = Math.floor(p / positionsOfWord) + 1;
    if (next < before.length) before[next] = (before[next] as number) + 1;
  }
  for (let word = 1; word < before.length; word++) {
    before[word] = (before[word] as number) + (before[word - 1] as number);
  }
  return before;
}

function assertHas(values: tf.Tensor1D, length: number): void {
  if (values.size !== length) throw new RangeError(`there are ${values.size} values where the mask has ${length}`);
}
