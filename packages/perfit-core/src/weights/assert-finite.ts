import { openWeights } from './safetensors-reader.ts';
import type { ModelSource } from './source.ts';
import { isReadable, readRows, refuseNotFinite } from './tensor-values.ts';

/** As much is looked at in one go as does not keep others waiting: a few milliseconds' worth. */
const SLAB_BYTES = 1 << 20;

/**
 * Looks at every value of a model's weights, as whoever loads it does.
 * @throws WeightsError `weights-not-finite` for the first tensor with a value that is no finite number, and what reading throws
 */
export async function assertFinite(source: ModelSource, signal?: AbortSignal): Promise<void> {
  const { entries } = await openWeights(source);
  for (const { headTurn: _, ...entry } of entries.values()) {
    if (!isReadable(entry)) continue;
    for await (const rows of readRows(source, entry, SLAB_BYTES)) {
      signal?.throwIfAborted();
      refuseNotFinite(entry, rows);
    }
  }
}
