import { openWeights } from '../src/weights/safetensors-reader.ts';
import type { ModelSource } from '../src/weights/source.ts';
import { readTensor } from '../src/weights/tensor-values.ts';

/** Every tensor of a model's folder by name. */
export async function loadWeightsOf(source: ModelSource): Promise<Record<string, Float32Array>> {
  const { entries } = await openWeights(source);
  const tensors: Record<string, Float32Array> = {};
  for (const [name, entry] of [...entries].sort()) tensors[name] = await readTensor(source, entry);
  return tensors;
}
