import type { Aggregation, GlobalState } from '../aggregation/aggregation.ts';

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
    await yieldToEventLoop();
  }
}

function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    // Browsers have no setImmediate.
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
