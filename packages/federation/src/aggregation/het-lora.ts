import type { Aggregation, AggregationSpace } from './aggregation.ts';
import { modulesOf, squaredNorm, tunedBy } from './modules.ts';
import { finite } from './parameter-sums.ts';

/**
 * HetLoRA's sparsity-weighted aggregation: clients of smaller ranks count as filled up with zeros, and each weighs as
 * much as the Frobenius norm of its B·A, over all modules: θ_g ← Σ ‖B_iA_i‖ θ_i / Σ ‖B_iA_i‖. Numbers of examples do
 * not count. Where no product differs from zero nothing moves.
 * Source: Cho et al. 2024 (arXiv 2401.06432), sparsity-weighted aggregation.
 */
export function hetLoraAggregation({ layout, global }: AggregationSpace): Aggregation {
  const modules = modulesOf(layout);
  const weighted = new Float64Array(layout.size);
  let norms = 0;
  return {
    add(mask, packedDelta) {
      const tuned = tunedBy(global.theta, { mask, packedDelta });
      const norm = Math.sqrt(modules.reduce((sum, module) => sum + squaredNorm(tuned, module), 0));
      for (const p of mask.positions()) weighted[p] = (weighted[p] as number) + norm * (tuned[p] as number);
      norms += norm;
    },
    apply() {
      const theta = norms === 0 ? global.theta.slice() : Float32Array.from(weighted, (sum) => sum / norms);
      return { theta: finite(theta), moments: null, owners: null };
    },
  };
}
