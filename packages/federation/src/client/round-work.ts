import {
  decodeValues,
  downDtype,
  maskHash,
  ProtocolError,
  type RequestOf,
  type RoundOffer,
  valuesByteLength,
} from '@perfit/protocol';
import { initialTheta, Mask } from '@perfit/protocol/space';
import type { Member } from './membership.ts';
import type { Session } from './session.ts';
import { download } from './transfer.ts';

/** One round as its client works on it. */
export interface RoundWork {
  readonly offer: RoundOffer;
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly member: Member;
  /** All of theta_g, where this round has already needed it. */
  global?: Float32Array;
  /** How long its work has stood still. */
  pausedMs?: number;
}

/** [PF7] θ_g as this client's strategy receives it. @returns [N] */
export async function receive(round: RoundWork, exchanged: Mask): Promise<Float32Array> {
  const { offer, member } = round;
  const { tuner, descriptor } = member;
  if (exchanged.kept === 0) return new Float32Array(tuner.layout.size);
  if (member.strategy.receive(descriptor.config) === 'all') return globalTheta(round);
  if (offer.version === 0 || round.global) return exchanged.apply(await globalTheta(round));
  return exchanged.unpack(await downloadValues(round, 'slice', exchanged));
}

/** All of θ_g. At version 0 it is θ⁰, which the seed gives (PF1). @returns [N] */
export async function globalTheta(round: RoundWork): Promise<Float32Array> {
  const { offer, member } = round;
  const { layout } = member.tuner;
  round.global ??=
    offer.version === 0
      ? initialTheta(layout, member.descriptor.config.seed)
      : await downloadValues(round, 'theta', Mask.full(layout.size));
  return round.global;
}

/**
 * [PF3] Which share of the last committed round's submissions owned each position.
 * @returns [N], each in [0, 1]; null where the search has no prior, and at version 0, which nobody has owned
 * @throws ProtocolError `codec-corrupt` where the coordinator sends what is no share
 */
export async function ownerShares(round: RoundWork): Promise<Float32Array | null> {
  const { offer, member } = round;
  if (!member.descriptor.config.search.prior || offer.version === 0) return null;
  const shares = await downloadValues(round, 'owners', Mask.full(member.tuner.layout.size));
  const wrong = shares.findIndex((share) => !(share >= 0 && share <= 1));
  if (wrong < 0) return shares;
  throw new ProtocolError(
    'codec-corrupt',
    `The share of owners at ${wrong} is ${shares[wrong]}: it must be in [0, 1].`,
  );
}

type Downloaded = RequestOf<'download'>['what'];

/** [DC2] @returns [mask.kept] */
function downloadValues(round: RoundWork, what: Downloaded, mask: Mask): Promise<Float32Array> {
  const { offer, session, signal, member } = round;
  const wanted = { what, version: offer.version };
  const onBytes = transferEvents(round, 'down', what);
  return fetchedValues(member, mask, (length) => download(session, wanted, length, { signal, onBytes }));
}

/** [DC2] @param fetch the bytes, of which there must be so many   @returns [mask.kept] */
export async function fetchedValues(
  { descriptor }: Member,
  mask: Mask,
  fetch: (length: number) => Promise<Uint8Array>,
): Promise<Float32Array> {
  const { layout, config } = descriptor;
  const dtype = downDtype(config.wire);
  return decodeValues(await fetch(valuesByteLength(mask.kept, dtype)), {
    layoutHash: layout.hash,
    maskHash: await maskHash(mask),
    count: mask.kept,
    dtype,
  });
}

/** For the page, and for the operator. */
export function transferEvents(round: RoundWork, direction: 'up' | 'down', kind: 'mask' | 'delta' | Downloaded) {
  const { offer, member } = round;
  return (bytes: number, total: number) => {
    member.emit({ type: 'transfer', round: offer.round, direction, kind, bytes, total });
    const phase = direction === 'up' ? 'upload' : 'download';
    member.report({ round: offer.round, phase, done: bytes / total });
  };
}
