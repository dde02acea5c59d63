import type { FederationConfig } from '@perfit/protocol';
import type { Aggregation, AggregationSpace, GlobalState } from './aggregation.ts';
import { type Column, median, trimmedMean, weightedMean } from './column-means.ts';
import { HeldSubmissions } from './held-submissions.ts';
import { OwnerCounts } from './owner-counts.ts';
import { finite } from './parameter-sums.ts';
import { serverOptimizer } from './server-optimizer.ts';

type Robust = NonNullable<FederationConfig['robust']>;

/**
 * [PF6] Every position by the trimmed mean or the median of its owners, where it has enough of them; elsewhere by the
 * weighted mean. It needs all values of a position at once and is no sum: submissions are held until the round is over.
 */
export function robust(robustness: Robust, { config, layout, global }: AggregationSpace): Aggregation {
  const held = new HeldSubmissions(layout.size);
  const owners = config.search.prior ? new OwnerCounts(layout.size) : null;
  const { minOwners = 1 } = config.weighting;
  const meanOf = columnMean(robustness);

  function* applyInSteps(): Generator<void, GlobalState> {
    const optimizer = serverOptimizer(config.server, layout.size, global.moments);
    const theta = global.theta.slice();
    for (const { start, columns } of held.blocks()) {
      for (const [row, column] of columns.entries()) {
        if (column.values.length < minOwners) continue;
        const p = start + row;
        theta[p] = (global.theta[p] as number) + optimizer.step(p, meanOf(column));
      }
      yield;
    }
    return { theta: finite(theta), moments: optimizer.moments, owners: owners?.shares() ?? null };
  }

  return {
    add(mask, packedDelta, weight) {
      held.add(mask, packedDelta, weight);
      owners?.add(mask);
    },
    apply() {
      const steps = applyInSteps();
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
      }
    },
    applyInSteps,
  };
}

function columnMean({ mean, trim, minimumOwners }: Robust): (column: Column) => number {
  const robustMean = mean === 'median' ? median : (column: Column) => trimmedMean(column, trim);
  return (column) => (column.values.length >= minimumOwners ? robustMean(column) : weightedMean(column));
}
