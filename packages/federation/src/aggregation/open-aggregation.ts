import { strategyOf } from '../strategy/registry.ts';
import type { Averaging } from '../strategy/strategy.ts';
import type { Aggregation, AggregationSpace } from './aggregation.ts';
import { clipped } from './clipped.ts';
import { flexLoraAggregation } from './flex-lora.ts';
import { floraAggregation } from './flora.ts';
import { hetLoraAggregation } from './het-lora.ts';
import { parameterwise } from './parameterwise.ts';
import { robust } from './robust.ts';
import { robustProblem } from './robust-problem.ts';

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
  if (!config.robust || config.robust.mean === 'weighted')
    return aggregations[strategyOf(config.strategy).averaging](space);
  const problem = robustProblem(config, layout.size);
  if (problem) throw new RangeError(problem);
  return robust(config.robust, space);
}
