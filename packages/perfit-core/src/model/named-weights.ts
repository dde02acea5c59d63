import { type Precision, packRows, unpackRows } from '../ops/packed-matrix/formats.ts';
import { openWeights } from '../weights/safetensors-reader.ts';
import type { ModelSource } from '../weights/source.ts';
import { readTensor } from '../weights/tensor-values.ts';

/** One tensor of a model's files. */
export interface NamedWeight {
  readonly shape: readonly number[];
  /** Row-major, f32. */
  readonly values: Float32Array;
}

/**
 * Every tensor of a model's folder by its name in the files, for another implementation to compute with the same numbers.
 * All of them are in memory at once.
 * @param precision what packed matrices would leave of them, as `LanguageModel.precision` tells it; vectors stay exact
 * @throws WeightsError
 */
export async function namedWeights(source: ModelSource, precision: Precision): Promise<Map<string, NamedWeight>> {
  const { entries } = await openWeights(source);
  const weights = new Map<string, NamedWeight>();
  for (const [name, entry] of entries) {
    const { shape } = entry;
    const values = await readTensor(source, entry);
    weights.set(name, { shape, values: shape.length === 2 ? rounded(values, shape, precision) : values });
  }
  return weights;
}

function rounded(values: Float32Array, shape: readonly number[], precision: Precision): Float32Array {
  if (precision === 'f32' || precision === 'file') return values;
  const [rows, columns] = shape as [number, number];
  return unpackRows(precision, packRows(precision, { dtype: 'F32', values }, { rows, columns }), rows, columns);
}
