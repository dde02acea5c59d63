import { sha256Hex } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import type { SearchCheckpoint, TuningCheckpoint } from '@perfit/protocol/tuner';
import type { ClientRecord, FinishedTuning, Residual } from './ports.ts';

/**
 * A client's record as bytes, so that a store needs no schema of its own: magic, version, SHA-256 of what follows,
 * the length of a JSON head, the head, and then the arrays it names, one after the other, little-endian.
 */
const MAGIC = 'PFCR';
const VERSION = 2;
const HEAD_AT = 44;

interface Head {
  readonly layoutHash: string;
  /** N. */
  readonly size: number;
  readonly hasMask: boolean;
  readonly maskRound: number | null;
  readonly tunedRound: number | null;
  readonly best: { readonly round: number; readonly of?: 'received' | 'tuned'; readonly perplexity: number } | null;
  readonly basePerplexity: number | null;
  readonly inProgress: {
    readonly round: number;
    readonly attempt: number;
    readonly hasReceived: boolean;
    readonly receivedPerplexity: number;
    /** Steps of the checkpoint, if there is one. */
    readonly step: number | null;
    readonly finished: FinishedTuning | null;
  } | null;
  /** The round of the residual, if there is one. */
  readonly residualRound: number | null;
  /** Comes last: a program that does not know of it leaves its arrays alone. */
  readonly search?: {
    readonly round: number;
    readonly density: number;
    /** Steps of the warm-up, or iterations after it. */
    readonly step: number;
    readonly part: SearchCheckpoint['part'];
  };
}

export async function encodeClientRecord(record: ClientRecord): Promise<Uint8Array> {
  const { mask, tuned, best, inProgress, residual, search } = record;
  const checkpoint = inProgress?.checkpoint ?? null;
  const arrays = [
    tuned?.theta,
    best?.theta,
    inProgress?.start,
    inProgress?.received ?? undefined,
    ...arraysOf(checkpoint),
  ].filter((array) => array !== undefined);
  const head: Head = {
    layoutHash: record.layoutHash,
    size: mask?.size ?? residual?.mask.size ?? arrays[0]?.length ?? sizeOfSearch(search),
    hasMask: mask !== null,
    maskRound: record.maskRound,
    tunedRound: tuned?.round ?? null,
    best: best && { round: best.round, ...(best.of ? { of: best.of } : {}), perplexity: best.perplexity },
    basePerplexity: record.basePerplexity,
    inProgress: inProgress && {
      round: inProgress.round,
      attempt: inProgress.attempt,
      hasReceived: inProgress.received !== null,
      receivedPerplexity: inProgress.receivedPerplexity,
      step: checkpoint?.step ?? null,
      finished: inProgress.finished,
    },
    residualRound: residual?.round ?? null,
    ...(search ? { search: searchHead(search) } : {}),
  };
  const headBytes = new TextEncoder().encode(JSON.stringify(head, spellNumber));
  const parts = [
    headBytes,
    ...(mask ? [mask.bytes] : []),
    ...arrays.map(bytesOf),
    ...residualParts(residual),
    ...searchParts(search),
  ];
  const bytes = new Uint8Array(HEAD_AT + parts.reduce((sum, part) => sum + part.length, 0));
  bytes.set(Uint8Array.from(MAGIC, (letter) => letter.charCodeAt(0)));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, headBytes.length, true);
  let offset = HEAD_AT;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  bytes.set(await digestOf(bytes), 12);
  return bytes;
}

/** Never throws: what is damaged, or was written by another version, is no record, and `reason` says why. */
export async function decodeClientRecord(
  bytes: Uint8Array,
): Promise<{ record: ClientRecord; reason: null } | { record: null; reason: string }> {
  try {
    return { record: await read(bytes), reason: null };
  } catch (error) {
    return { record: null, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function read(bytes: Uint8Array): Promise<ClientRecord> {
  if (bytes.length < HEAD_AT || String.fromCharCode(...bytes.subarray(0, 4)) !== MAGIC) throw new Error('not a record');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(4, true);
  if (version !== VERSION) throw new Error(`the record has format ${version}, this program reads ${VERSION}`);
  const digest = await digestOf(bytes);
  if (digest.some((byte, i) => byte !== bytes[12 + i])) throw new Error('the record is damaged');
  // What follows is as this program wrote it: the digest says so.
  const headEnd = HEAD_AT + view.getUint32(8, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD_AT, headEnd)), readNumber) as Head;
  let offset = headEnd;
  const take = (length: number) => {
    // A copy of its own, aligned: `slice` of Node's Buffer would be a view.
    const part = new Uint8Array(bytes.subarray(offset, offset + length));
    if (part.length !== length) throw new Error('the record is too short for what it says');
    offset += length;
    return part;
  };
  const floats = (length: number) => new Float32Array(take(4 * length).buffer);
  const theta = () => floats(head.size);
  const bitset = () => Mask.fromBytes(head.size, take(Math.ceil(head.size / 8)));
  const mask = head.hasMask ? bitset() : null;
  const tuned = head.tunedRound === null ? null : { round: head.tunedRound, theta: theta() };
  return {
    layoutHash: head.layoutHash,
    mask,
    maskRound: head.maskRound,
    tuned,
    best: head.best && { ...head.best, theta: theta() },
    basePerplexity: head.basePerplexity,
    inProgress: head.inProgress && readProgress(head.inProgress, theta),
    residual: head.residualRound === null ? null : readResidual(head.residualRound, bitset(), floats),
    search: head.search ? readSearch(head.search, theta, bitset) : null,
    // Not known when records were of one piece.
    tunedRounds: [],
    mean: null,
    twin: null,
    kept: null,
  };
}

function readProgress(
  { step, hasReceived, ...head }: NonNullable<Head['inProgress']>,
  theta: () => Float32Array,
): NonNullable<ClientRecord['inProgress']> {
  const start = theta();
  const received = hasReceived ? theta() : null;
  const checkpoint = step === null ? null : { step, theta: theta(), firstMoment: theta(), secondMoment: theta() };
  return { ...head, start, received, checkpoint };
}

function readResidual(round: number, mask: Mask, floats: (length: number) => Float32Array): Residual {
  return { round, mask, before: floats(mask.kept), after: floats(mask.kept) };
}

function readSearch(
  { round, density, step, part }: NonNullable<Head['search']>,
  theta: () => Float32Array,
  bitset: () => Mask,
): NonNullable<ClientRecord['search']> {
  const checkpoint: SearchCheckpoint =
    part === 'warm-up'
      ? { part, tuning: { step, theta: theta(), firstMoment: theta(), secondMoment: theta() } }
      : { part, warm: theta(), iteration: step, mask: bitset() };
  return { round, density, checkpoint };
}

function searchHead({ round, density, checkpoint }: NonNullable<ClientRecord['search']>): NonNullable<Head['search']> {
  const step = checkpoint.part === 'warm-up' ? checkpoint.tuning.step : checkpoint.iteration;
  return { round, density, step, part: checkpoint.part };
}

function searchParts(search: ClientRecord['search']): Uint8Array[] {
  if (!search) return [];
  const { checkpoint } = search;
  return checkpoint.part === 'warm-up'
    ? arraysOf(checkpoint.tuning).map(bytesOf)
    : [bytesOf(checkpoint.warm), checkpoint.mask.bytes];
}

function sizeOfSearch(search: ClientRecord['search']): number {
  if (!search) return 0;
  const { checkpoint } = search;
  return (checkpoint.part === 'warm-up' ? checkpoint.tuning.theta : checkpoint.warm).length;
}

function residualParts(residual: Residual | null): Uint8Array[] {
  return residual ? [residual.mask.bytes, bytesOf(residual.before), bytesOf(residual.after)] : [];
}

function arraysOf(checkpoint: TuningCheckpoint | null): Float32Array[] {
  return checkpoint ? [checkpoint.theta, checkpoint.firstMoment, checkpoint.secondMoment] : [];
}

/** Every machine that this runs on is little-endian. */
function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Over the head's length, the head and the arrays. */
async function digestOf(bytes: Uint8Array): Promise<Uint8Array> {
  const covered = new Uint8Array(bytes.length - HEAD_AT + 4);
  covered.set(bytes.subarray(8, 12));
  covered.set(bytes.subarray(HEAD_AT), 4);
  const hex = await sha256Hex(covered);
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** A perplexity may be infinite, which JSON cannot say. */
export function spellNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? `number:${value}` : value;
}

export function readNumber(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('number:') ? Number(value.slice(7)) : value;
}
