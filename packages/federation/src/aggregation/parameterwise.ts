import type { Aggregation, AggregationSpace } from './aggregation.ts';
import { OwnerCounts } from './owner-counts.ts';
import { ParameterSums } from './parameter-sums.ts';
import { serverOptimizer } from './server-optimizer.ts';

/** [PF6] Every position is averaged over the clients that own it; the server's optimizer takes the step. */
export function parameterwise({ config, layout, global }: AggregationSpace): Aggregation {
  const sums = new ParameterSums(layout.size);
  const { minOwners = 1 } = config.weighting;
  const owners = config.search.prior || minOwners > 1 ? new OwnerCounts(layout.size) : null;
  const isMoved = owners && minOwners > 1 ? (p: number) => owners.at(p) >= minOwners : undefined;
  return {
    add(mask, packedDelta, weight) {
      sums.add(mask, packedDelta, weight);
      owners?.add(mask);
    },
    apply() {
      const optimizer = serverOptimizer(config.server, layout.size, global.moments);
      const theta = sums.apply(global.theta, (p, meanDelta) => optimizer.step(p, meanDelta), isMoved);
      return { theta, moments: optimizer.moments, owners: (config.search.prior && owners?.shares()) || null };
    },
  };
}
