import { decodeMask, decodeValues, maskHash, readMaskHeader, readValuesHeader } from '@perfit/protocol';
import { type Layout, layoutHash, Mask } from '@perfit/protocol/space';
import type { Histogram, ModuleView, TransferView } from '../../contract/ledger-api.ts';

/** In which values are counted; odd, so that the middle one is round zero. */
const BARS = 41;
/** So many root mean squares to either side: a delta has a few large values, and most of it near zero. */
const REACH = 4;

/** What the values of a federation belong to, as far as this browser knows it. */
export interface KnownSpace {
  /** Null where it is not known. */
  readonly layout: Layout | null;
  /** Masks that the values may belong to; the hash in their header says which. */
  readonly masks: readonly Mask[];
}

/** [DC1] @throws ProtocolError `codec-*` */
export async function viewMask(bytes: Uint8Array, { layout }: KnownSpace): Promise<TransferView> {
  const header = readMaskHeader(bytes);
  const mask = await decodeMask(bytes, header);
  const isKnown = layout !== null && (await layoutHash(layout)) === header.layoutHash;
  const modules = isKnown ? byModule(layout, mask, null) : [];
  return { dtype: null, count: mask.kept, size: mask.size, norm: null, largest: null, histogram: null, modules };
}

/** [DC2] @throws ProtocolError `codec-*` */
export async function viewValues(bytes: Uint8Array, { layout, masks }: KnownSpace): Promise<TransferView> {
  const header = readValuesHeader(bytes);
  const values = decodeValues(bytes, header);
  const isKnown = layout !== null && (await layoutHash(layout)) === header.layoutHash;
  const mask = isKnown ? await maskOf(header.maskHash, [Mask.full(layout.size), ...masks]) : null;
  const { norm, largest } = sizesOf(values);
  return {
    dtype: header.dtype,
    count: values.length,
    size: isKnown ? layout.size : null,
    norm,
    largest,
    histogram: histogramOf(values, norm, largest),
    modules: isKnown && mask ? byModule(layout, mask, values) : [],
  };
}

async function maskOf(hash: string, candidates: readonly Mask[]): Promise<Mask | null> {
  for (const mask of candidates) if ((await maskHash(mask)) === hash) return mask;
  return null;
}

/** A and B of a module together. @param values [mask.kept], or null for the mask alone */
function byModule(layout: Layout, mask: Mask, values: Float32Array | null): ModuleView[] {
  const positions = mask.positions();
  const modules = new Map<string, { layer: number; module: string; size: number; from: number; to: number }>();
  let next = 0;
  for (const { module: name, layer, projection, offset, size } of layout.tensors) {
    const from = next;
    while (next < positions.length && (positions[next] as number) < offset + size) next++;
    const known = modules.get(name) ?? { layer, module: projection, size: 0, from, to: from };
    modules.set(name, { ...known, size: known.size + size, to: next });
  }
  return [...modules.values()].map(({ layer, module, size, from, to }) => {
    const { norm, largest } = values ? sizesOf(values.subarray(from, to)) : { norm: null, largest: null };
    return { layer, module, size, count: to - from, norm, largest };
  });
}

function sizesOf(values: Float32Array): { norm: number; largest: number } {
  let squares = 0;
  let largest = 0;
  for (const value of values) {
    squares += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  return { norm: Math.sqrt(squares), largest };
}

/** @returns null where there is nothing to count */
function histogramOf(values: Float32Array, norm: number, largest: number): Histogram | null {
  if (values.length === 0 || !Number.isFinite(norm)) return null;
  const isSigned = values.some((value) => value < 0);
  const to = Math.min(largest, REACH * (norm / Math.sqrt(values.length))) || 1;
  const from = isSigned ? -to : 0;
  const counts = new Array<number>(BARS).fill(0);
  for (const value of values) {
    const bar = Math.floor((BARS * (value - from)) / (to - from));
    const at = Math.max(0, Math.min(BARS - 1, bar));
    counts[at] = (counts[at] as number) + 1;
  }
  return { from, to, counts };
}
