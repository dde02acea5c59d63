import { sha256Hex } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import type { SearchCheckpoint, TuningCheckpoint } from '@perfit/protocol/tuner';
import type { ClientRecord, ClientStore, KeptModule, MeanOfTunings, Residual, Twin } from './ports.ts';
import { decodeClientRecord, readNumber, spellNumber } from './record-codec.ts';

/** Where the parts of records lie, by federation: a head, and immutable parts by the SHA-256 of their bytes. */
export interface PartStorage {
  /** Null where there is none. */
  head(federation: string): Promise<Uint8Array | null>;
  /** Null where there is none. */
  part(federation: string, name: string): Promise<Uint8Array | null>;
  /** All of it or nothing: a reader finds the record from before or this one. Parts of other names go. */
  write(federation: string, record: WrittenRecord): Promise<void>;
  remove(federation: string): Promise<void>;
}

export interface WrittenRecord {
  readonly head: Uint8Array;
  /** Those that are not there yet. */
  readonly added: ReadonlyMap<string, Uint8Array>;
  /** Of all parts that the head names. */
  readonly names: ReadonlySet<string>;
}

/**
 * A client's record in parts, so that a checkpoint writes what has changed: arrays are immutable, so one that was written
 * is not looked at again, and a tuning's θ and moments are packed to the positions that it may move. Records of one
 * piece, as earlier versions wrote them, are read where the head should be.
 * @param onUnreadable told why a record that is there is as good as none
 */
export function recordStore(
  storage: PartStorage,
  onUnreadable: (reason: string, federation: string) => void = () => {},
): ClientStore {
  const written = new Map<string, ReadonlySet<string>>();
  const names = { whole: new WeakMap<object, string>(), packed: new WeakMap<object, string>() };
  let last: Promise<unknown> = Promise.resolve();
  return {
    async load(federation) {
      const head = await storage.head(federation);
      if (!head) return null;
      if (!isHead(head)) {
        const { record, reason } = await decodeClientRecord(head);
        if (!record) onUnreadable(reason, federation);
        return record;
      }
      try {
        return await read(head, (name) => storage.part(federation, name));
      } catch (error) {
        onUnreadable(error instanceof Error ? error.message : String(error), federation);
        return null;
      }
    },
    save(federation, record) {
      const saved = last.then(async () => {
        const there = written.get(federation) ?? new Set();
        const added = new Map<string, Uint8Array>();
        const used = new Set<string>();
        const put: Put = async (source, form, bytesOf) => {
          let name = names[form].get(source);
          if (name === undefined || !there.has(name)) {
            const bytes = bytesOf();
            name = await sha256Hex(bytes);
            names[form].set(source, name);
            if (!there.has(name)) added.set(name, bytes);
          }
          used.add(name);
          return name;
        };
        const head = await headBytes(await headOf(record, put));
        await storage.write(federation, { head, added, names: used });
        written.set(federation, used);
      });
      last = saved.catch(() => {});
      return saved;
    },
    async remove(federation) {
      written.delete(federation);
      await storage.remove(federation);
    },
  };
}

/** @param source what the bytes are of, known again by its identity   @returns the part's name */
type Put = (source: object, form: 'whole' | 'packed', bytesOf: () => Uint8Array) => Promise<string>;

/** Names of parts in place of arrays. */
interface Head {
  readonly layoutHash: string;
  /** N. */
  readonly size: number;
  readonly mask: string | null;
  readonly maskRound: number | null;
  readonly tuned: { readonly round: number; readonly theta: string } | null;
  readonly best: (Omit<NonNullable<ClientRecord['best']>, 'theta'> & { readonly theta: string }) | null;
  readonly basePerplexity: number | null;
  readonly inProgress:
    | (Omit<NonNullable<ClientRecord['inProgress']>, 'start' | 'received' | 'checkpoint'> & {
        readonly start: string;
        readonly received: string | null;
        readonly checkpoint: TuningHead | null;
      })
    | null;
  readonly residual: {
    readonly round: number;
    readonly mask: string;
    readonly before: string;
    readonly after: string;
  } | null;
  // Absent in records from before there were twins.
  readonly tunedRounds?: readonly number[];
  readonly mean?: MeanHead | null;
  readonly twin?:
    | (Omit<Twin, 'theta' | 'mean' | 'best' | 'checkpoint'> & {
        readonly theta: string | null;
        readonly mean: MeanHead | null;
        readonly best: (Omit<NonNullable<Twin['best']>, 'theta'> & { readonly theta: string }) | null;
        readonly checkpoint: TuningHead | null;
      })
    | null;
  readonly kept?: (Omit<KeptModule, 'theta'> & { readonly theta: string }) | null;
  readonly search:
    | { readonly round: number; readonly density: number; readonly part: 'warm-up'; readonly tuning: TuningHead }
    | {
        readonly round: number;
        readonly density: number;
        readonly part: 'pruning';
        readonly warm: string;
        readonly iteration: number;
        readonly mask: string;
      }
    | null;
}

interface MeanHead {
  readonly count: number;
  readonly theta: string;
}

interface TuningHead {
  readonly step: number;
  readonly theta: string;
  readonly firstMoment: string;
  readonly secondMoment: string;
  /** Whether the three have the mask's positions alone. */
  readonly isPacked: boolean;
}

async function headOf(record: ClientRecord, put: Put): Promise<Head> {
  const { layoutHash, mask, maskRound, tuned, best, basePerplexity, inProgress, residual, search } = record;
  const { mean, twin, kept } = record;
  const array = (values: Float32Array) => put(values, 'whole', () => bytesOf(values));
  const bits = (of: Mask) => put(of.bytes, 'whole', () => of.bytes);
  return {
    layoutHash,
    size: sizeOf(record),
    mask: mask && (await bits(mask)),
    maskRound,
    tuned: tuned && { ...tuned, theta: await array(tuned.theta) },
    best: best && { ...best, theta: await array(best.theta) },
    basePerplexity,
    inProgress: inProgress && {
      ...inProgress,
      start: await array(inProgress.start),
      received: inProgress.received && (await array(inProgress.received)),
      checkpoint:
        inProgress.checkpoint && (await tuningHead(inProgress.checkpoint, put, { mask, start: inProgress.start })),
    },
    residual: residual && {
      round: residual.round,
      mask: await bits(residual.mask),
      before: await array(residual.before),
      after: await array(residual.after),
    },
    search: search && { round: search.round, density: search.density, ...(await searchHead(search.checkpoint, put)) },
    tunedRounds: record.tunedRounds,
    mean: mean && { ...mean, theta: await array(mean.theta) },
    twin: twin && (await twinHead(twin, put, mask)),
    kept: kept && { ...kept, theta: await array(kept.theta) },
  };
}

async function twinHead(twin: Twin, put: Put, mask: Mask | null): Promise<NonNullable<Head['twin']>> {
  const { tunings, theta, mean, best, checkpoint } = twin;
  const array = (values: Float32Array) => put(values, 'whole', () => bytesOf(values));
  return {
    tunings,
    theta: theta && (await array(theta)),
    mean: mean && { ...mean, theta: await array(mean.theta) },
    best: best && { ...best, theta: await array(best.theta) },
    checkpoint: checkpoint && (await tuningHead(checkpoint, put, { mask, start: theta })),
  };
}

async function searchHead(checkpoint: SearchCheckpoint, put: Put) {
  if (checkpoint.part === 'warm-up') {
    return { part: checkpoint.part, tuning: await tuningHead(checkpoint.tuning, put, { mask: null, start: null }) };
  }
  const { part, warm, iteration, mask } = checkpoint;
  const names = {
    warm: await put(warm, 'whole', () => bytesOf(warm)),
    mask: await put(mask.bytes, 'whole', () => mask.bytes),
  };
  return { part, iteration, ...names };
}

async function tuningHead(
  { step, theta, firstMoment, secondMoment }: TuningCheckpoint,
  put: Put,
  { mask, start }: { readonly mask: Mask | null; readonly start: Float32Array | null },
): Promise<TuningHead> {
  const isPacked =
    mask !== null &&
    start !== null &&
    isSameOutside(theta, mask, start) &&
    [firstMoment, secondMoment].every((moment) => isSameOutside(moment, mask, null));
  const part = (values: Float32Array) =>
    isPacked ? put(values, 'packed', () => bytesOf(mask.pack(values))) : put(values, 'whole', () => bytesOf(values));
  return {
    step,
    theta: await part(theta),
    firstMoment: await part(firstMoment),
    secondMoment: await part(secondMoment),
    isPacked,
  };
}

/** Whether the values are those of `rest`, or zero, wherever the mask keeps nothing: to the bit. */
function isSameOutside(values: Float32Array, mask: Mask, rest: Float32Array | null): boolean {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const others = rest && new Uint32Array(rest.buffer, rest.byteOffset, rest.length);
  for (let p = 0; p < bits.length; p++) {
    if (!mask.has(p) && bits[p] !== (others ? others[p] : 0)) return false;
  }
  return true;
}

type PartOf = (name: string) => Promise<Uint8Array | null>;

/** @throws Error in words where anything is not as it was written */
async function read(headAndDigest: Uint8Array, partOf: PartOf): Promise<ClientRecord> {
  const head = await headFrom(headAndDigest);
  const part = async (name: string) => {
    const bytes = await partOf(name);
    if (!bytes) throw new Error('a part of the record is missing');
    if ((await sha256Hex(bytes)) !== name) throw new Error('a part of the record is damaged');
    // A copy of its own, aligned: `slice` of Node's Buffer would be a view.
    return new Uint8Array(bytes);
  };
  const array = async (name: string) => new Float32Array((await part(name)).buffer);
  const bits = async (name: string) => Mask.fromBytes(head.size, await part(name));
  const tuning = async (
    of: TuningHead,
    moves: { mask: Mask; start: Float32Array } | null,
  ): Promise<TuningCheckpoint> => {
    const [theta, firstMoment, secondMoment] = [
      await array(of.theta),
      await array(of.firstMoment),
      await array(of.secondMoment),
    ];
    if (!of.isPacked) return { step: of.step, theta, firstMoment, secondMoment };
    if (!moves) throw new Error('the record packs by a mask that it has not');
    const { mask, start } = moves;
    return {
      step: of.step,
      theta: mask.unpack(theta, start),
      firstMoment: mask.unpack(firstMoment),
      secondMoment: mask.unpack(secondMoment),
    };
  };
  const mask = head.mask === null ? null : await bits(head.mask);
  const { tuned, best, inProgress, residual, search } = head;
  const start = inProgress && (await array(inProgress.start));
  return {
    layoutHash: head.layoutHash,
    mask,
    maskRound: head.maskRound,
    tuned: tuned && { ...tuned, theta: await array(tuned.theta) },
    best: best && { ...best, theta: await array(best.theta) },
    basePerplexity: head.basePerplexity,
    inProgress: inProgress &&
      start && {
        ...inProgress,
        start,
        received: inProgress.received === null ? null : await array(inProgress.received),
        checkpoint: inProgress.checkpoint && (await tuning(inProgress.checkpoint, mask && { mask, start })),
      },
    residual: residual && (await residualOf(residual, { array, bits })),
    search: search && {
      round: search.round,
      density: search.density,
      checkpoint:
        search.part === 'warm-up'
          ? { part: search.part, tuning: await tuning(search.tuning, null) }
          : {
              part: search.part,
              warm: await array(search.warm),
              iteration: search.iteration,
              mask: await bits(search.mask),
            },
    },
    tunedRounds: head.tunedRounds ?? [],
    mean: await meanOf(head.mean, array),
    twin: head.twin ? await twinOf(head.twin) : null,
    kept: head.kept ? { ...head.kept, theta: await array(head.kept.theta) } : null,
  };

  async function twinOf({ tunings, ...of }: NonNullable<Head['twin']>): Promise<Twin> {
    const theta = of.theta === null ? null : await array(of.theta);
    return {
      tunings,
      theta,
      mean: await meanOf(of.mean, array),
      best: of.best && { ...of.best, theta: await array(of.best.theta) },
      checkpoint: of.checkpoint && (await tuning(of.checkpoint, mask && theta && { mask, start: theta })),
    };
  }
}

async function meanOf(
  head: MeanHead | null | undefined,
  array: (name: string) => Promise<Float32Array>,
): Promise<MeanOfTunings | null> {
  return head ? { count: head.count, theta: await array(head.theta) } : null;
}

async function residualOf(
  { round, mask, before, after }: NonNullable<Head['residual']>,
  parts: { array(name: string): Promise<Float32Array>; bits(name: string): Promise<Mask> },
): Promise<Residual> {
  return { round, mask: await parts.bits(mask), before: await parts.array(before), after: await parts.array(after) };
}

/** Before version 3 a record was one piece, with another magic. */
const MAGIC = 'PFC3';
const HEAD_AT = 4 + 64;

function isHead(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/** Magic, SHA-256 of what follows in hex, JSON. */
async function headBytes(head: Head): Promise<Uint8Array> {
  const json = new TextEncoder().encode(JSON.stringify(head, spellNumber));
  const text = `${MAGIC}${await sha256Hex(json)}`;
  const bytes = new Uint8Array(HEAD_AT + json.length);
  bytes.set(new TextEncoder().encode(text));
  bytes.set(json, HEAD_AT);
  return bytes;
}

/** What was written by this program: its digest says so. @throws Error where it is damaged */
async function headFrom(bytes: Uint8Array): Promise<Head> {
  const digest = new TextDecoder().decode(bytes.subarray(MAGIC.length, HEAD_AT));
  const json = new Uint8Array(bytes.subarray(HEAD_AT));
  if ((await sha256Hex(json)) !== digest) throw new Error('the record is damaged');
  return JSON.parse(new TextDecoder().decode(json), readNumber) as Head;
}

/** N, of whatever the record has. */
function sizeOf({ mask, tuned, best, inProgress, residual, search, kept, twin }: ClientRecord): number {
  const searched =
    search && (search.checkpoint.part === 'warm-up' ? search.checkpoint.tuning.theta : search.checkpoint.warm);
  const array = tuned?.theta ?? best?.theta ?? inProgress?.start ?? kept?.theta ?? twin?.theta ?? searched;
  return mask?.size ?? residual?.mask.size ?? array?.length ?? 0;
}

/** Every machine that this runs on is little-endian. */
function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
