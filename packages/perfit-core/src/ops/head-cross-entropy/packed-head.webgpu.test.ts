import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { expectClose, normalValues } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import type { TileShape } from '../../wgsl/tiled-product.ts';
import { type Format, packRows, unpackRows } from '../packed-matrix/formats.ts';
import { PackedMatrix } from '../packed-matrix/packed-matrix.ts';
import { packedHeadGradient, packedHeadLoss, packedHeadRowOutcomes, packedLogits } from './packed-head.ts';

describe('the packed head', needsWebGpu, () => {
  beforeAll(startWebGpu);

  const cases: [
    string,
    { loop: TileShape['loop']; format: Format; rows: number; width: number; words: number; maxBytes?: number },
  ][] = [
    ['f32, whole', { loop: 'staged', format: 'f32', rows: 33, width: 24, words: 100 }],
    ['int8, odd widths', { loop: 'direct', format: 'int8', rows: 5, width: 37, words: 53 }],
    ['q4_1, whole blocks', { loop: 'direct', format: 'q4_1', rows: 7, width: 64, words: 60 }],
    [
      'f16, split into parts and chunks',
      { loop: 'unrolled', format: 'f16', rows: 19, width: 32, words: 90, maxBytes: 40 * 64 },
    ],
  ];
  it.each(cases)(
    '%s: loss and gradient are those of softmax and one-hot labels',
    async (_, shape) => {
      const { loop, format, rows, width, words, maxBytes } = shape;
      const tile: TileShape = { loop, tileM: 16, tileN: 16, tileK: 16, threadM: 4, threadN: 4 };
      const before = tf.memory().numTensors;
      const values = normalValues(words * width, 1);
      const head = PackedMatrix.from(format, values, {
        rows: words,
        columns: width,
        ...(maxBytes ? { maxBytes } : {}),
      });
      expect(head.parts.length > 1).toBe(maxBytes !== undefined);
      const used = tf.tensor2d(
        unpackRows(format, packRows(format, { dtype: 'F32', values }, { rows: words, columns: width }), words, width),
        [words, width],
      );
      const hidden = tf.tensor2d(normalValues(rows * width, 2), [rows, width]);
      // The last row is padding: no weight.
      const weights = Float32Array.from({ length: rows }, (_, row) => (row === rows - 1 ? 0 : (row + 1) / 100));
      const targets = {
        labels: tf.tensor1d(
          Int32Array.from({ length: rows }, (_, row) => (row * 17) % words),
          'int32',
        ),
        weights: tf.tensor1d(weights),
      };
      const [logits, expectedLosses, expectedLoss, expectedGradient] = tf.tidy(() => {
        const logits = tf.matMul(hidden, used, false, true);
        const oneHot = tf.oneHot(targets.labels, words);
        const nll = tf.sub(tf.logSumExp(logits, -1), tf.sum(tf.mul(logits, oneHot), -1));
        const dLogits = tf.mul(tf.sub(tf.softmax(logits), oneHot), tf.expandDims(targets.weights, 1));
        const losses = tf.mul(nll, targets.weights);
        return [logits, losses, tf.sum(losses), tf.matMul(dLogits as tf.Tensor2D, used)];
      }) as [tf.Tensor2D, tf.Tensor1D, tf.Scalar, tf.Tensor2D];

      const likeliest = tf.argMax(logits, -1) as tf.Tensor1D;
      await expectClose(packedHeadLoss(hidden, head, targets, { tile }), expectedLoss.clone());
      const outcomes = packedHeadRowOutcomes(hidden, head, targets, { tile });
      await expectClose(outcomes.losses, expectedLosses);
      const expectedHits = tf.tidy(() => tf.cast(tf.equal(likeliest, targets.labels), 'float32'));
      await expectClose(outcomes.hits, expectedHits);
      // Every label the likeliest.
      const best = packedHeadRowOutcomes(hidden, head, { ...targets, labels: likeliest }, { tile });
      best.losses.dispose();
      await expectClose(best.hits, tf.ones([rows]));
      likeliest.dispose();
      const maxDLogits = maxBytes ? rows * 12 : 1 << 20;
      const { loss, dHidden } = packedHeadGradient(hidden, head, targets, { maxDLogits, tile });
      await expectClose(loss, expectedLoss);
      await expectClose(dHidden, expectedGradient);
      await expectClose(packedLogits(hidden, head, tile), logits);
      head.dispose();
      tf.dispose([used, hidden, targets.labels, targets.weights]);
      expect(tf.memory().numTensors).toBe(before);
    },
    60_000,
  );
});
