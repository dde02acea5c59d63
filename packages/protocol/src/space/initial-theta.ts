import { type Layout, tensorSlice } from './layout.ts';
import { seededRandom } from './random.ts';

/**
 * θ⁰: A Kaiming-uniform with a = √5, that is uniform in ±1/√in; B = 0 (PF1).
 * One stream over the layout in order, so that every peer with the same seed derives the same numbers, bit for bit.
 * @returns [N]
 * Source: Hu et al. 2021 (arXiv 2106.09685) as implemented in PEFT; SPEC.md, "Initial theta".
 */
export function initialTheta(layout: Layout, seed: number): Float32Array {
  const random = seededRandom(seed);
  const theta = new Float32Array(layout.size);
  for (const tensor of layout.tensors) {
    if (tensor.matrix === 'B') continue;
    const bound = 1 / Math.sqrt(tensor.columns);
    const values = tensorSlice(theta, tensor);
    for (let i = 0; i < values.length; i++) values[i] = (2 * random() - 1) * bound;
  }
  return theta;
}
