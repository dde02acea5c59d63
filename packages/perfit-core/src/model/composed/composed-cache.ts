import * as tf from '@tensorflow/tfjs-core';
import { checkGrowth, checkTruncation, type KvCache } from '../language-model.ts';
import type { ComposedModel } from './composed-model.ts';

/**
 * Keys and values of the tokens seen so far, one sequence, for generation. The tensors have the capacity's size from
 * the start, so that every step of a conversation has the same shapes (WebGPU pools its buffers by exact size).
 * It owns its tensors until {@link ComposedCache.dispose}.
 */
export class ComposedCache implements KvCache {
  /** S, the most tokens that it can hold. */
  capacity: number;
  /** Tokens held. */
  length = 0;
  /** A layer's keys and values, [S, K·d] each; zero behind `length`, since what is new is added to it. */
  readonly #layers: { keys: tf.Tensor2D; values: tf.Tensor2D }[];

  constructor(model: ComposedModel, capacity: number) {
    this.capacity = capacity;
    const empty = () => tf.keep(tf.zeros([capacity, model.dimensions.keyValueWidth])) as tf.Tensor2D;
    this.#layers = model.weights.blocks.map(() => ({ keys: empty(), values: empty() }));
  }

  /**
   * Writes a layer's new keys and values and returns all of them, [S, K·d] each, owned by the cache.
   * @param keys [T, K·d]   @param values [T, K·d]   @param placement [S, T], 1 where token t goes to slot s
   */
  append(layer: number, added: { keys: tf.Tensor2D; values: tf.Tensor2D }, placement: tf.Tensor2D) {
    const held = this.#layers[layer] as { keys: tf.Tensor2D; values: tf.Tensor2D };
    const write = (old: tf.Tensor2D, rows: tf.Tensor2D): tf.Tensor2D => {
      const next = tf.tidy(() => tf.add(old, tf.matMul(placement, rows)) as tf.Tensor2D);
      old.dispose();
      return tf.keep(next);
    };
    held.keys = write(held.keys, added.keys);
    held.values = write(held.values, added.values);
    return held;
  }

  truncate(length: number): void {
    checkTruncation(this, length);
    if (length < this.length) this.#keep(length, this.capacity);
  }

  grow(capacity: number): void {
    checkGrowth(this, capacity);
    this.#keep(this.length, capacity);
  }

  #keep(length: number, capacity: number): void {
    const fitted = (old: tf.Tensor2D): tf.Tensor2D => {
      const next = tf.tidy(() =>
        tf.pad2d(tf.slice(old, [0, 0], [length, -1]), [
          [0, capacity - length],
          [0, 0],
        ]),
      );
      old.dispose();
      return tf.keep(next);
    };
    for (const held of this.#layers) {
      held.keys = fitted(held.keys);
      held.values = fitted(held.values);
    }
    [this.length, this.capacity] = [length, capacity];
  }

  dispose(): void {
    for (const { keys, values } of this.#layers) tf.dispose([keys, values]);
  }
}
