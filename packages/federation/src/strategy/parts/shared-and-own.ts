import { initialTheta, type Mask } from '@perfit/protocol/space';
import type { RoundStart } from '../strategy.ts';

/** What is shared as it came, and the rest as the client had it. @returns [N] */
export function sharedAndOwn(from: RoundStart, shared: Mask): Float32Array {
  return shared.unpack(shared.pack(from.received), from.previous ?? thetaZero(from));
}

/** @returns θ⁰, [N] */
export function thetaZero({ layout, config }: RoundStart): Float32Array {
  return initialTheta(layout, config.seed);
}
