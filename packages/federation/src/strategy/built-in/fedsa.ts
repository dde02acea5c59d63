import { plainLora } from '../parts/plain-lora.ts';
import { positionsOf } from '../parts/positions.ts';
import { sharedAndOwn } from '../parts/shared-and-own.ts';
import type { Strategy } from '../strategy.ts';

/** FedSA-LoRA (Guo et al. 2024, arXiv 2410.01463): A learns what is general, B what is personal. */
export const fedsa: Strategy = {
  ...plainLora,
  name: 'fedsa',
  title: 'FedSA-LoRA',
  description: 'Every client tunes a plain LoRA; A is averaged, B stays personal.',
  result: 'personal',
  exchanged: (layout) => positionsOf(layout, 'A'),
  start: (from) => sharedAndOwn(from, positionsOf(from.layout, 'A')),
};
