import { decodeValues, encodeValues, maskHash, type ValuesOwner } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import type { Residual } from './ports.ts';
import type { RoundWork } from './round-work.ts';

/**
 * [PF5a] A delta as it goes out. In int8 it also gives back what earlier rounds rounded away, and what it loses
 * itself is in the store before a byte of it is sent. Called again for the same round it gives the same bytes.
 * @param delta [exchanged.kept]
 */
export async function encodeDelta(round: RoundWork, exchanged: Mask, delta: Float32Array): Promise<Uint8Array> {
  const { offer, member } = round;
  const { descriptor, keeper, lastSubmission } = member;
  const { dtype } = descriptor.config.wire;
  const owner = { layoutHash: descriptor.layout.hash, maskHash: await maskHash(exchanged) };
  if (dtype !== 'int8') return encodeValues(delta, dtype, owner);
  const before = owedAt(exchanged, keeper.record.residual, { round: offer.round, lastSubmission });
  const { bytes, after } = encodeWithFeedback(delta, before, owner);
  await keeper.update({ residual: { round: offer.round, mask: exchanged, before, after } });
  return bytes;
}

/**
 * [PF5a] Error feedback: Seide et al. 2014 ("1-Bit Stochastic Gradient Descent", section 2); Karimireddy et al. 2019
 * (arXiv 1901.09847, algorithm 2).
 * @param before what earlier deltas owe, [kept] as the delta
 * @returns delta + before in int8, and what that rounds away, [kept]
 */
export function encodeWithFeedback(
  delta: Float32Array,
  before: Float32Array,
  owner: ValuesOwner,
): { bytes: Uint8Array; after: Float32Array } {
  const whole = delta.map((value, i) => value + (before[i] as number));
  const bytes = encodeValues(whole, 'int8', owner);
  const sent = decodeValues(bytes, { ...owner, count: whole.length, dtype: 'int8' });
  return { bytes, after: whole.map((value, i) => value - (sent[i] as number)) };
}

/**
 * What a delta of this round has to give back. Positions that are not exchanged any more drop theirs.
 *
 * Which of a residual's arrays is owed, the coordinator's word alone decides, so that nothing is lost or given twice by
 * what happens between its answer and this client's store.
 * @param at.lastSubmission [HS3] the last round in which a delta of this client was accepted, as far as is known
 * @returns [exchanged.kept]
 */
export function owedAt(
  exchanged: Mask,
  residual: Residual | null,
  at: { readonly round: number; readonly lastSubmission: number | null },
): Float32Array {
  const owed = residual && owedOf(residual, at);
  return owed ? exchanged.pack(residual.mask.unpack(owed)) : new Float32Array(exchanged.kept);
}

function owedOf(
  residual: Residual,
  { round, lastSubmission }: { round: number; lastSubmission: number | null },
): Float32Array | null {
  // Asked for again, accepted or not, the round's delta is made of what it was made of before.
  if (residual.round === round) return residual.before;
  if (lastSubmission === null || lastSubmission < residual.round) return residual.before;
  if (lastSubmission === residual.round) return residual.after;
  // A later delta has given this back, and what that one lost never got into the store.
  return null;
}
