import type * as tf from '@tensorflow/tfjs-core';
import type { HeadRows } from '../../ops/causal-attention/flash-attention.ts';
import { copyColumns } from '../../ops/gather-rows/copy-columns.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import type { ModelConfig } from '../config.ts';
import { checkGrowth, checkTruncation, type KvCache } from '../language-model.ts';

/** Keys and values as the device holds them, written in place. It owns its tensors until it is disposed. */
export class PackedCache implements KvCache {
  capacity: number;
  length = 0;
  readonly #width: number;
  /** A layer's rotated keys and its values, [S, K·d] each; what lies behind `length` is never read. */
  readonly #layers: { keys: tf.Tensor2D; values: tf.Tensor2D }[];

  constructor({ layers, keyHeads, headWidth }: ModelConfig, capacity: number) {
    this.capacity = capacity;
    this.#width = keyHeads * headWidth;
    const rows = () => emptyRows(capacity, this.#width);
    this.#layers = Array.from({ length: layers }, () => ({ keys: rows(), values: rows() }));
  }

  /** Writes the first `count` rows behind those that are held. @returns views of all that the layer holds then */
  append(layer: number, { keys, values, count }: { keys: HeadRows; values: HeadRows; count: number }) {
    const held = this.#layers[layer] as { keys: tf.Tensor2D; values: tf.Tensor2D };
    // Padding behind a prompt has no place in a full cache, and is written over otherwise.
    const rows = Math.min(count, this.capacity - this.length);
    copyColumns([keys, values], [held.keys, held.values], { rows, width: this.#width, firstRow: this.length });
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
      const [keys, values] = [emptyRows(capacity, width), emptyRows(capacity, width)];
      const whole = (tensor: tf.Tensor2D) => ({ tensor, column: 0, stride: width });
      if (rows > 0) copyColumns([whole(held.keys), whole(held.values)], [keys, values], { rows, width, firstRow: 0 });
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

function emptyRows(capacity: number, width: number): tf.Tensor2D {
  return WgslRunner.current().empty<tf.Tensor2D>([capacity, width]);
}
