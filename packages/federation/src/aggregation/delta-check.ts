import { type FederationConfig, ProtocolError } from '@perfit/protocol';
import { sumOfSquares } from './squares.ts';

/** [PF6] w_i: the self-reported number of examples up to the cap, or the same for everybody. */
export function weightOf(examples: number, weighting: FederationConfig['weighting']): number {
  return weighting.by === 'uniform' ? 1 : Math.min(examples, weighting.cap);
}

/** ‖Δ‖₂, in double precision. */
export function deltaNorm(values: Float32Array): number {
  return Math.sqrt(sumOfSquares(values));
}

/**
 * [UP3] All or nothing: one bad number refuses the whole submission.
 * @returns ‖Δ‖₂
 * @throws ProtocolError `delta-not-finite` | `delta-norm`
 */
export function checkDelta(values: Float32Array, bounds: { readonly maxNorm: number }): number {
  const norm = deltaNorm(values);
  // The squares of binary32 numbers cannot overflow a double, so that only a bad number makes a bad norm.
  if (!Number.isFinite(norm)) {
    const index = values.findIndex((value) => !Number.isFinite(value));
    throw new ProtocolError('delta-not-finite', `Value ${index} of the delta is ${values[index]}.`, { index });
  }
  if (norm > bounds.maxNorm) {
    throw new ProtocolError(
      'delta-norm',
      `The delta's norm is ${norm.toPrecision(4)}; this federation takes at most ${bounds.maxNorm}.`,
      { norm, most: bounds.maxNorm },
    );
  }
  return norm;
}
