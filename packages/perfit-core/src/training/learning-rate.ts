/** How the learning rate moves over the steps of a tuning. */
export interface RateSchedule {
  /** Share of the steps over which it rises to its full height. */
  readonly warmup: number;
  /** What it does from there on; a cosine ends at zero. */
  readonly decay: 'constant' | 'cosine';
}

export const CONSTANT_RATE: RateSchedule = { warmup: 0, decay: 'constant' };

/**
 * What the learning rate is multiplied with.
 * @param step from 0   @param steps of all
 * Source: Hugging Face transformers, `get_cosine_schedule_with_warmup`, whose first step is not nothing here.
 */
export function rateAt(step: number, steps: number, { warmup, decay }: RateSchedule): number {
  const rising = Math.ceil(warmup * steps);
  if (step < rising) return (step + 1) / rising;
  if (decay === 'constant') return 1;
  return 0.5 * (1 + Math.cos((Math.PI * (step - rising)) / Math.max(1, steps - rising)));
}
