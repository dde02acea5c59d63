import type { TokenBatch } from '../text/token-batch.ts';
import { countLabels } from './labelled-rows.ts';

/** Some rows of a batch. */
export type TokenPart = Omit<TokenBatch, 'tokens'>;

/** Runs of at most so many rows. One without a label has nothing to say, unless all are. */
export function batchParts(batch: TokenBatch, rowsAtOnce: number): TokenPart[] {
  const { rows, length, inputIds, labels } = batch;
  if (rows <= rowsAtOnce) return [batch];
  const parts: TokenPart[] = [];
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const end = Math.min(rows, first + rowsAtOnce);
    const cut = (values: Int32Array) => values.subarray(first * length, end * length);
    parts.push({ inputIds: cut(inputIds), labels: cut(labels), rows: end - first, length });
  }
  const labelled = parts.filter((part) => countLabels(part) > 0);
  return labelled.length > 0 ? labelled : parts.slice(0, 1);
}
