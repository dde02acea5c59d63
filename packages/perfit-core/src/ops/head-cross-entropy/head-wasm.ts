import type * as tf from '@tensorflow/tfjs-core';
import { ranges, WasmRunner } from '../../wasm/runner.ts';
import { multiplyPacked } from '../packed-linear/linear-wasm.ts';
import type { PackedMatrix } from '../packed-matrix/packed-matrix.ts';
import type { RowOutcomes, RowTargets } from './head-cross-entropy.ts';

// The programs of `packed-head.ts` for the processor; Q rows, D width, V vocabulary.

/** Logits that may exist at once: 4 M numbers are 16 MB. */
const MAX_LOGITS_AT_ONCE = 1 << 22;

/** Rows whose logits exist at once. */
export function logitRows(rows: number, vocabSize: number): number {
  return Math.max(1, Math.min(rows, Math.floor(MAX_LOGITS_AT_ONCE / vocabSize)));
}

/** As `packed-head.ts` has it; some rows at a time, each with all its logits. */
export function headGradient(
  hidden: tf.Tensor2D,
  head: PackedMatrix,
  targets: RowTargets,
): { loss: tf.Scalar; dHidden: tf.Tensor2D } {
  const dHidden = WasmRunner.current().empty<tf.Tensor2D>([...hidden.shape]);
  const terms = rowTerms(hidden, head, targets, { dHidden });
  const loss = sumOf(terms);
  terms.dispose();
  return { loss, dHidden };
}

/** As `packed-head.ts` has it. */
export function headLoss(hidden: tf.Tensor2D, head: PackedMatrix, targets: RowTargets): tf.Scalar {
  const terms = rowTerms(hidden, head, targets);
  const loss = sumOf(terms);
  terms.dispose();
  return loss;
}

/** As `packed-head.ts` has it. */
export function headRowOutcomes(hidden: tf.Tensor2D, head: PackedMatrix, targets: RowTargets): RowOutcomes {
  const hits = WasmRunner.current().empty<tf.Tensor1D>([hidden.shape[0]]);
  return { losses: rowTerms(hidden, head, targets, { hits }), hits };
}

/** As `packed-head.ts` has it. */
export function headLogits(hidden: tf.Tensor2D, head: PackedMatrix): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows] = hidden.shape;
  const out = runner.empty<tf.Tensor2D>([rows, head.rows]);
  const [from, to] = runner.addresses(hidden, out);
  multiplyPacked(head, { rows, from, to, transposed: true, add: false });
  return out;
}

/** @param to.hits [Q], written where it is given, as is `dHidden`, [Q, D]   @returns [Q] */
function rowTerms(
  hidden: tf.Tensor2D,
  head: PackedMatrix,
  { labels, weights }: RowTargets,
  { dHidden, hits }: { readonly dHidden?: tf.Tensor2D; readonly hits?: tf.Tensor1D } = {},
): tf.Tensor1D {
  const runner = WasmRunner.current();
  const [rows, width] = hidden.shape;
  const vocabSize = head.rows;
  const terms = runner.empty<tf.Tensor1D>([rows]);
  const most = logitRows(rows, vocabSize);
  const logits = runner.empty<tf.Tensor2D>([most, vocabSize]);
  const to = runner.address(logits);
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    const place = (tensor: tf.Tensor, values: number) => runner.address(tensor) + 4 * first * values;
    multiplyPacked(head, { rows: count, from: place(hidden, width), to, transposed: true, add: false });
    const [label, weight, term] = [place(labels, 1), place(weights, 1), place(terms, 1)];
    const hit = hits ? place(hits, 1) : null;
    runner.run(
      ranges(count, runner.parts(20 * count * vocabSize, count)).map(([from, end]) => {
        const [row, at] = [to + 4 * from * vocabSize, 4 * from];
        return [
          'headRows',
          end - from,
          vocabSize,
          row,
          label + at,
          weight + at,
          term + at,
          hit === null ? 0 : hit + at,
          dHidden ? 1 : 0,
        ];
      }),
    );
    if (!dHidden) continue;
    multiplyPacked(head, { rows: count, from: to, to: place(dHidden, width), transposed: false, add: false });
  }
  logits.dispose();
  return terms;
}

function sumOf(terms: tf.Tensor1D): tf.Scalar {
  const runner = WasmRunner.current();
  const sum = runner.empty<tf.Scalar>([]);
  runner.programs.sumInto(terms.size, runner.address(terms), runner.address(sum));
  return sum;
}
