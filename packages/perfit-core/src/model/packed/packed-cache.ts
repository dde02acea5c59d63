import type * as tf from '@tensorflow/tfjs-core';
import type { HeadRows } from '../../ops/causal-attention/flash-attention.ts';
import type { ModelConfig } from '../config.ts';
import { checkGrowth, checkTruncation, type KvCache } from '../language-model.ts';
import type { Programs } from './programs.ts';

/** Keys and values as the device holds them, written in place. It owns its tensors until it is disposed. */
export class PackedCache implements KvCache {
  capacity: number;
  length = 0;
  readonly #programs: Programs;
  readonly #width: number;
  /** A layer's rotated keys and its values, [S, K·d] each; what lies behind `length` is never read. */
  readonly #layers: { keys: tf.Tensor2D; values: tf.Tensor2D }[];

  constructor(programs: Programs, { layers, keyHeads, headWidth }: ModelConfig, capacity: number) {
    this.#programs = programs;
    this.capacity = capacity;
    this.#width = keyHeads * headWidth;
    const rows = () => programs.empty<tf.Tensor2D>([capacity, this.#width]);
    this.#layers = Array.from({ length: layers }, () => ({ keys: rows(), values: rows() }));
  }

  /** Writes the first `count` rows behind those that are held. @returns views of all that the layer holds then */
  append(layer: number, { keys, values, count }: { keys: HeadRows; values: HeadRows; count: number }) {
    const held = this.#layers[layer] as { keys: tf.Tensor2D; values: tf.Tensor2D };
    // Padding behind a prompt has no place in a full cache, and is written over otherwise.
    const rows = Math.min(count, this.capacity - this.length);
    this.#programs.copyColumns([keys, values], [held.keys, held.values], {
      rows,
      width: this.#width,
      firstRow: this.length,
    });
    const view = (tensor: tf.Tensor2D): HeadRows => ({
      tensor,
      column: 0,
      stride: this.#width,
      rowsPerSequence: this.capacity,
    });
    return { keys: view(held.keys), values: view(held.values) };
  }

  truncate(length: number): void {
    checkTruncation(this, length);
    this.length = length;
  }

  grow(capacity: number): void {
    checkGrowth(this, capacity);
    const [rows, width] = [this.length, this.#width];
    for (const held of this.#layers) {
      const empty = () => this.#programs.empty<tf.Tensor2D>([capacity, width]);
      const [keys, values] = [empty(), empty()];
      const whole = (tensor: tf.Tensor2D) => ({ tensor, column: 0, stride: width });
      const from = [whole(held.keys), whole(held.values)] as const;
      if (rows > 0) this.#programs.copyColumns(from, [keys, values], { rows, width, firstRow: 0 });
      held.keys.dispose();
      held.values.dispose();
      [held.keys, held.values] = [keys, values];
    }
    this.capacity = capacity;
  }

  dispose(): void {
    for (const { keys, values } of this.#layers) {
      keys.dispose();
      values.dispose();
    }
  }
}
