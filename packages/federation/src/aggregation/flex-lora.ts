import { ProtocolError } from '@perfit/protocol';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { Aggregation, AggregationSpace } from './aggregation.ts';
import { type LoraModule, tunedBy } from './modules.ts';
import { finite } from './parameter-sums.ts';
import { ProductSums } from './product-sums.ts';

/**
 * FlexLoRA: the clients' products are averaged, and the mean is taken apart again by its singular values, so that a
 * client of rank r_i, which owns the first r_i ranks, gets the best approximation of that rank: B = UΣ, A = Vᵀ.
 * Source: Bai et al. 2024 (arXiv 2402.11505).
 */
export function flexLoraAggregation({ layout, global }: AggregationSpace): Aggregation {
  const sums = new ProductSums(layout, { first: 0, end: layout.rank });
  return {
    add(mask, packedDelta, weight) {
      sums.add(tunedBy(global.theta, { mask, packedDelta }), weight);
    },
    apply() {
      const theta = global.theta.slice();
      if (sums.isEmpty) return { theta, moments: null, owners: null };
      for (const { module, product } of sums.means()) {
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
