import { strategyOf } from '../strategy/registry.ts';
import type { Averaging } from '../strategy/strategy.ts';
import type { Aggregation, AggregationSpace } from './aggregation.ts';
import { flexLoraAggregation } from './flex-lora.ts';
import { floraAggregation } from './flora.ts';
import { hetLoraAggregation } from './het-lora.ts';
import { parameterwise } from './parameterwise.ts';

const aggregations: Record<Averaging, (space: AggregationSpace) => Aggregation> = {
  parameterwise,
  hetlora: hetLoraAggregation,
  flora: floraAggregation,
  flexlora: flexLoraAggregation,
};

/** [PF6] For one round. It stands apart from the strategies, so that a tab does not load what only a coordinator does. */
export function openAggregation(space: AggregationSpace): Aggregation {
  return aggregations[strategyOf(space.config.strategy).averaging](space);
}
