import { Mask } from '@perfit/protocol/space';
import { isAlone } from '../parts/alone.ts';
import { plainLora } from '../parts/plain-lora.ts';
import { thetaZero } from '../parts/shared-and-own.ts';
import type { RoundAt, Strategy } from '../strategy.ts';

/**
 * FedIT, and then local fine-tuning: the last rounds go on alone, at the same number of tuning steps in all, and what
 * they learn is not fed back. Whoever joins only then has nothing but θ⁰ to start from.
 */
export const feditThenLocal: Strategy = {
  ...plainLora,
  name: 'fedit+ft',
  title: 'FedIT + fine-tuning',
  description: 'As FedIT, but in the last rounds every client tunes on alone and shares nothing.',
  result: 'personal',
  exchanged: (layout, owned, at) => (isLocalRound(at) ? Mask.empty(layout.size) : owned),
  start: (from) => (isLocalRound(from) ? (from.previous?.slice() ?? thetaZero(from)) : from.received.slice()),
};

/** A third of all rounds, where the schedule does not say. */
function isLocalRound(at: RoundAt): boolean {
  return isAlone(at, Math.max(1, Math.round(at.config.schedule.rounds / 3)));
}
