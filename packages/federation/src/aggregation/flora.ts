import { initialTheta } from '@perfit/protocol/space';
import type { Aggregation, AggregationSpace } from './aggregation.ts';
import { floraRanks } from './flora-space.ts';
import { addProduct, type LoraModule, type Ranks, tunedBy } from './modules.ts';
import { finite } from './parameter-sums.ts';
import { ProductSums } from './product-sums.ts';

/**
 * FLoRA: the clients' fresh modules are stacked, which adds up their products without the noise of averaging A and B
 * apart: W ← W + Σ w_i B_iA_i / Σ w_i. Then everybody starts a new module. The sum is kept as one product in which the
 * factor on the narrower side is the identity: as exact as the stack, and it does not grow from round to round.
 * Source: Wang et al. 2024 (arXiv 2409.05976), stacking-based aggregation.
 */
export function floraAggregation({ config, layout, round, global }: AggregationSpace): Aggregation {
  const { stacked, fresh } = floraRanks(layout, config.lora.rank);
  const sums = new ProductSums(layout, fresh);
  return {
    add(mask, packedDelta, weight) {
      sums.add(tunedBy(global.theta, { mask, packedDelta }), weight);
    },
    apply() {
      if (sums.isEmpty) return { theta: global.theta.slice(), moments: null, owners: null };
      // A new A for everybody, and B = 0, as the seed and the round give them.
      const theta = initialTheta(layout, (config.seed + Math.imul(round, 0x85ebca6b)) >>> 0);
      for (const { module, product } of sums.means()) {
        addProduct(product, global.theta, { module, ranks: stacked, weight: 1 });
        writeProduct(theta, module, { product, ranks: stacked });
      }
      return { theta: finite(theta), moments: null, owners: null };
    },
  };
}

/** B·A = product, with an identity on the narrower side. @param of.product [out, in] */
function writeProduct(
  theta: Float32Array,
  { a, b, inWidth, outWidth }: LoraModule,
  of: { readonly product: Float64Array; readonly ranks: Ranks },
): void {
  const narrow = Math.min(inWidth, outWidth);
  for (let rank = of.ranks.first; rank < of.ranks.end; rank++) {
    const index = rank - of.ranks.first;
    for (let column = 0; column < inWidth; column++) {
      const isIn = index < narrow;
      const value = outWidth <= inWidth ? of.product[index * inWidth + column] : Number(index === column);
      theta[a.offset + rank * inWidth + column] = isIn ? (value as number) : 0;
    }
    for (let row = 0; row < outWidth; row++) {
      const isIn = index < narrow;
      const value = outWidth <= inWidth ? Number(index === row) : of.product[row * inWidth + index];
      theta[b.offset + row * b.columns + rank] = isIn ? (value as number) : 0;
    }
  }
}
