import * as tf from '@tensorflow/tfjs-core';
import { batchMatMul } from '../batch-mat-mul/batch-mat-mul.ts';

/** Added to the score of a key that a query must not see; finite, so that a row without any key gives no NaN. */
const hidden = -1e9;

/**
 * The additive mask of causal attention: query t sees key j where j ≤ start + t.
 * @param group G, query heads a key head   @returns [1, G·T, S]; the caller disposes it
 */
export function causalMask(group: number, queries: number, keys: number, start = 0): tf.Tensor3D {
  const mask = new Float32Array(group * queries * keys);
  for (let g = 0; g < group; g++) {
    for (let t = 0; t < queries; t++) {
      mask.fill(hidden, (g * queries + t) * keys + Math.min(keys, start + t + 1), (g * queries + t + 1) * keys);
    }
  }
  return tf.tensor3d(mask, [1, group * queries, keys]);
}

/**
 * Grouped-query attention, softmax(qkᵀ / √d + mask) v; query head h reads key head ⌊h / G⌋ and no key is repeated:
 * the G query heads of a key head stand under each other as rows.
 * @param q [B, T, H, d]   @param k [B, S, K, d]   @param v [B, S, K, d]   @param mask from {@link causalMask}
 * @returns [B, T, H, d]; the caller disposes it
 * Source: Ainslie et al. 2023 (arXiv 2305.13245), section 2.2.
 */
export function causalAttention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, mask: tf.Tensor3D): tf.Tensor4D {
  const [rows, queries, heads, width] = q.shape;
  const keyHeads = k.shape[2];
  const group = heads / keyHeads;
  const scale = 1 / Math.sqrt(width);
  const run = tf.customGrad((...inputs) => {
    const [q, k, v, save] = inputs as unknown as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    const query = tf.mul(stackQueries(q, keyHeads), scale) as tf.Tensor3D; // [B·K, G·T, d]
    const key = stackKeys(k); // [B·K, S, d]
    const value = stackKeys(v);
    const weights = tf.softmax(tf.add(batchMatMul(query, key, false, true), mask)) as tf.Tensor3D; // [B·K, G·T, S]
    const out = batchMatMul(weights, value); // [B·K, G·T, d]
    save([query, key, value, weights, out]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [query, key, value, weights, out] = saved as tf.Tensor3D[] as [
        tf.Tensor3D,
        tf.Tensor3D,
        tf.Tensor3D,
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      const dOut = stackQueries(dy as tf.Tensor4D, keyHeads);
      const dValue = batchMatMul(weights, dOut, true);
      // Softmax backwards: dScore = weights · (dWeights - Σ weights · dWeights), and that sum is Σ dOut · out.
      const dWeights = batchMatMul(dOut, value, false, true);
      const dScores = tf.mul(weights, tf.sub(dWeights, tf.sum(tf.mul(dOut, out), -1, true))) as tf.Tensor3D;
      const dQuery = tf.mul(batchMatMul(dScores, key), scale) as tf.Tensor3D;
      const dKey = batchMatMul(dScores, query, true);
      return [unstackQueries(dQuery, rows, group), unstackKeys(dKey, rows), unstackKeys(dValue, rows)];
    };
    return { value: unstackQueries(out, rows, group), gradFunc };
  });
  return tf.reshape(run(q, k, v), [rows, queries, heads, width]) as tf.Tensor4D;
}

/** [B, T, K·G, d] -> [B·K, G·T, d] */
function stackQueries(q: tf.Tensor4D, keyHeads: number): tf.Tensor3D {
  const [rows, queries, heads, width] = q.shape;
  const group = heads / keyHeads;
  const perHead = tf.transpose(q, [0, 2, 1, 3]); // [B, K·G, T, d]
  return tf.reshape(perHead, [rows * keyHeads, group * queries, width]);
}

/** [B·K, G·T, d] -> [B, T, K·G, d] */
function unstackQueries(q: tf.Tensor3D, rows: number, group: number): tf.Tensor4D {
  const [rowsTimesHeads, groupTimesQueries, width] = q.shape;
  const keyHeads = rowsTimesHeads / rows;
  const perHead = tf.reshape(q, [rows, keyHeads * group, groupTimesQueries / group, width]) as tf.Tensor4D;
  return tf.transpose(perHead, [0, 2, 1, 3]);
}

/** [B, S, K, d] -> [B·K, S, d] */
function stackKeys(k: tf.Tensor4D): tf.Tensor3D {
  const [rows, keys, keyHeads, width] = k.shape;
  return tf.reshape(tf.transpose(k, [0, 2, 1, 3]), [rows * keyHeads, keys, width]);
}

/** [B·K, S, d] -> [B, S, K, d] */
function unstackKeys(k: tf.Tensor3D, rows: number): tf.Tensor4D {
  const [rowsTimesHeads, keys, width] = k.shape;
  return tf.transpose(tf.reshape(k, [rows, rowsTimesHeads / rows, keys, width]) as tf.Tensor4D, [0, 2, 1, 3]);
}

/** The same in stock ops with their own gradients, key heads repeated: what {@link causalAttention} is held against. */
export function composedAttention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, mask: tf.Tensor3D): tf.Tensor4D {
  const [, queries, heads, width] = q.shape;
  const group = heads / k.shape[2];
  const headMask = tf.slice(mask, [0, 0, 0], [1, queries, mask.shape[2]]);
  const perHead: tf.Tensor4D[] = [];
  for (let h = 0; h < heads; h++) {
    const head = (x: tf.Tensor4D, index: number) =>
      tf.squeeze(tf.slice(x, [0, 0, index, 0], [-1, -1, 1, -1]), [2]) as tf.Tensor3D;
    const query = head(q, h);
    const key = head(k, Math.floor(h / group));
    const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width)), headMask);
    const out = tf.matMul(tf.softmax(scores) as tf.Tensor3D, head(v, Math.floor(h / group)));
    perHead.push(tf.expandDims(out, 2) as tf.Tensor4D);
  }
  return tf.concat(perHead, 2);
}
