import { setImmediate as turn } from 'node:timers/promises';
import type { Aggregation, GlobalState } from '@perfit/federation';

/**
 * What a round's submissions make of theta_g. Where that takes long the event loop turns between its steps, so that
 * everybody else is answered meanwhile.
 */
export async function applyYielding(aggregation: Aggregation): Promise<GlobalState> {
  const steps = aggregation.applyInSteps?.();
  if (!steps) return aggregation.apply();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await turn();
  }
}
