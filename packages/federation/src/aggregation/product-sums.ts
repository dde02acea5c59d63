import type { Layout } from '@perfit/protocol/space';
import { addProduct, type LoraModule, modulesOf, type Ranks } from './modules.ts';

export interface ModuleProduct {
  readonly module: LoraModule;
  /** [out, in], row-major. */
  readonly product: Float64Array;
}

/**
 * The sums of a round that averages products instead of parameters: Σ w·B·A of every LoRA module, in double precision,
 * and Σ w. Not the same as averaging A and B apart: the mean of products is no product of means.
 */
export class ProductSums {
  private readonly ranks: Ranks;
  private readonly sums: readonly ModuleProduct[];
  private weights = 0;

  /** @param ranks which of every module's ranks are multiplied */
  constructor(layout: Layout, ranks: Ranks) {
    this.ranks = ranks;
    this.sums = modulesOf(layout).map((module) => ({
      module,
      product: new Float64Array(module.inWidth * module.outWidth),
    }));
  }

  /** Nothing has been added: there are no means. */
  get isEmpty(): boolean {
    return this.weights === 0;
  }

  /** @param theta [N], of one client */
  add(theta: Float32Array, weight: number): void {
    for (const { module, product } of this.sums) addProduct(product, theta, { module, ranks: this.ranks, weight });
    this.weights += weight;
  }

  /** Σ w·B·A / Σ w, each when it is asked for: memory holds one more product, not all. The caller may write to it. */
  *means(): Generator<ModuleProduct> {
    for (const { module, product } of this.sums) {
      yield { module, product: product.map((sum) => sum / this.weights) };
    }
  }
}
