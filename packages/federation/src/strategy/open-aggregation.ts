import type { Aggregation, AggregationSpace } from '../aggregation/aggregation.ts';
import { clipped } from '../aggregation/clipped.ts';
import { flexLoraAggregation } from '../aggregation/flex-lora.ts';
import { floraAggregation } from '../aggregation/flora.ts';
import { hetLoraAggregation } from '../aggregation/het-lora.ts';
import { parameterwise } from '../aggregation/parameterwise.ts';
import { robust } from '../aggregation/robust.ts';
import { strategyOf } from './registry.ts';
import { robustProblem } from './robust-problem.ts';
import type { Averaging } from './strategy.ts';

const aggregations: Record<Averaging, (space: AggregationSpace) => Aggregation> = {
  parameterwise,
  hetlora: hetLoraAggregation,
  flora: floraAggregation,
  flexlora: flexLoraAggregation,
};

/**
 * [PF6] For one round. It stands apart from the strategies, so that a tab does not load what only a coordinator does.
 * @throws RangeError where `robustProblem` has a sentence about the federation
 */
export function openAggregation(space: AggregationSpace): Aggregation {
  const robustness = space.config.robust;
  const aggregation = openUnclipped(space);
  return robustness?.clipNorm ? clipped(aggregation, robustness.clipNorm) : aggregation;
}

function openUnclipped(space: AggregationSpace): Aggregation {
  const { config, layout } = space;
  if (!config.robust || config.robust.mean === 'weighted') {
    const { averaging } = strategyOf(config.strategy);
    return typeof averaging === 'function' ? averaging(space) : aggregations[averaging](space);
  }
  const problem = robustProblem(config, layout.size);
  if (problem) throw new RangeError(problem);
  return robust(config.robust, space);
}
