import { Mask } from '@perfit/protocol/space';
import { plainLora } from '../parts/plain-lora.ts';
import { thetaZero } from '../parts/shared-and-own.ts';
import type { Strategy } from '../strategy.ts';

/** The baseline that any federation must beat. */
export const local: Strategy = {
  ...plainLora,
  name: 'local',
  title: 'Local only',
  description: 'Every client tunes a plain LoRA on its own text for as many rounds, and shares nothing.',
  result: 'personal',
  exchanged: (layout) => Mask.empty(layout.size),
  start: (from) => from.previous?.slice() ?? thetaZero(from),
};
