import { type FederationConfig, ProtocolError } from '@perfit/protocol';

/** [PF6] w_i: the self-reported number of examples up to the cap, or the same for everybody. */
export function weightOf(examples: number, weighting: FederationConfig['weighting']): number {
  return weighting.by === 'uniform' ? 1 : Math.min(examples, weighting.cap);
}

/** ‖Δ‖₂, in double precision. */
export function deltaNorm(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}

/**
 * [UP3] All or nothing: one bad number refuses the whole submission.
 * @returns ‖Δ‖₂
 * @throws ProtocolError `delta-not-finite` | `delta-norm`
 */
export function checkDelta(values: Float32Array, bounds: { readonly maxNorm: number }): number {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) {
    throw new ProtocolError('delta-not-finite', `Value ${index} of the delta is ${values[index]}.`, { index });
  }
  const norm = deltaNorm(values);
  if (norm > bounds.maxNorm) {
    throw new ProtocolError(
      'delta-norm',
      `The delta's norm is ${norm.toPrecision(4)}; this federation takes at most ${bounds.maxNorm}.`,
      { norm, most: bounds.maxNorm },
    );
  }
  return norm;
}
