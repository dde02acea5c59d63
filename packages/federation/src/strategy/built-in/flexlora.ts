import { plainLora } from '../parts/plain-lora.ts';
import { spaceOfRank } from '../parts/rank-space.ts';
import type { Strategy } from '../strategy.ts';

/** FlexLoRA (Bai et al. 2024, arXiv 2402.11505). */
export const flexlora: Strategy = {
  ...plainLora,
  name: 'flexlora',
  title: 'FlexLoRA',
  description: 'Clients tune LoRAs of their own ranks; their products are averaged and cut to rank by singular values.',
  averaging: 'flexlora',
  space: (lora) => spaceOfRank(lora.rank * lora.expansion, lora),
  mask: () => ({ kind: 'ranks' }),
};
