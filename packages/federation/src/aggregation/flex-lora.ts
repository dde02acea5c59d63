import { ProtocolError } from '@perfit/protocol';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { Aggregation, AggregationSpace } from './aggregation.ts';
import { addProduct, type LoraModule, modulesOf, tunedBy } from './modules.ts';
import { finite } from './parameter-sums.ts';

/**
 * FlexLoRA: the clients' products are averaged, and the mean is taken apart again by its singular values, so that a
 * client of rank r_i, which owns the first r_i ranks, gets the best approximation of that rank: B = UΣ, A = Vᵀ.
 * Source: Bai et al. 2024 (arXiv 2402.11505).
 */
export function flexLoraAggregation({ layout, global }: AggregationSpace): Aggregation {
  const modules = modulesOf(layout);
  const ranks = { first: 0, end: layout.rank };
  const sums = modules.map(({ inWidth, outWidth }) => new Float64Array(inWidth * outWidth));
  let weights = 0;
  return {
    add(mask, packedDelta, weight) {
      const tuned = tunedBy(global.theta, { mask, packedDelta });
      for (const [i, module] of modules.entries()) {
        addProduct(sums[i] as Float64Array, tuned, { module, ranks, weight });
      }
      weights += weight;
    },
    apply() {
      const theta = global.theta.slice();
      if (weights === 0) return { theta, moments: null, owners: null };
      for (const [i, module] of modules.entries()) {
        const product = (sums[i] as Float64Array).map((sum) => sum / weights);
        // Where nobody has learned anything A must stay, or nobody ever would.
        if (product.some((value) => value !== 0)) writeDecomposed(theta, module, finiteProduct(product));
      }
      return { theta: finite(theta), moments: null, owners: null };
    },
  };
}

/** The largest singular values first; ranks that the product does not have are B = 0. @param product [out, in] */
function writeDecomposed(theta: Float32Array, { a, b, inWidth, outWidth }: LoraModule, product: Float64Array): void {
  const svd = new SingularValueDecomposition(Matrix.from1DArray(outWidth, inWidth, product), { autoTranspose: true });
  const { leftSingularVectors: u, rightSingularVectors: v, diagonal } = svd;
  for (let rank = 0; rank < a.rows; rank++) {
    const value = diagonal[rank] ?? 0;
    for (let row = 0; row < outWidth; row++) {
      theta[b.offset + row * b.columns + rank] = value === 0 ? 0 : value * u.get(row, rank);
    }
    if (rank >= v.columns) continue; // A stays as it was: with B = 0 it can learn anew
    for (let column = 0; column < inWidth; column++) theta[a.offset + rank * inWidth + column] = v.get(column, rank);
  }
}

/** On what is not finite the decomposition would not end. */
function finiteProduct(product: Float64Array): Float64Array {
  if (product.every(Number.isFinite)) return product;
  throw new ProtocolError('delta-not-finite', 'The mean of the products B·A is not finite.');
}
