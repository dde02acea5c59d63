import type { ModelNeeds, PrecisionNeeds } from '../../contract/catalogue-api.ts';
import type { RoundedPrecision } from '../../contract/models-api.ts';

/** What a person chose; `auto` leaves it to the worker. */
export type PrecisionWish = RoundedPrecision | 'auto';

/** What a model needs in the wished precision. */
export function needsAt({ automatic, precisions }: ModelNeeds, wish: PrecisionWish): PrecisionNeeds {
  const precision = wish === 'auto' ? automatic : wish;
  const found = precisions.find((needs) => needs.precision === precision) ?? precisions[0];
  if (!found) throw new RangeError('a model has needs in one precision at least');
  return found;
}

/** For the worker's wish. */
export function precisionOf(wish: PrecisionWish): { precision?: RoundedPrecision } {
  return wish === 'auto' ? {} : { precision: wish };
}
