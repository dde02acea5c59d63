import type { OwnedMask } from '@perfit/federation';
import type { Layout, LayoutTensor, Mask } from '@perfit/protocol/space';
import { mean, standardDeviation } from './statistics.ts';

/** What the report needs of a cell's masks. The masks themselves follow from private texts, and are large. */
export interface MaskSummary {
  readonly clients: readonly string[];
  /** kept / N, by client. */
  readonly densities: readonly number[];
  /** [clients][clients], see {@link overlapOf}. */
  readonly overlap: readonly (readonly number[])[];
  /** One a LoRA matrix, in layout order. */
  readonly density: readonly TensorDensity[];
}

/** The share of a LoRA matrix that clients own. */
export interface TensorDensity extends Pick<LayoutTensor, 'layer' | 'projection' | 'matrix'> {
  readonly mean: number;
  /** Over clients; null for a single one. */
  readonly standardDeviation: number | null;
}

export function summarizeMasks(masks: readonly OwnedMask[], layout: Layout): MaskSummary {
  const counts = masks.map(({ mask }) => countsByTensor(mask, layout));
  return {
    clients: masks.map(({ client }) => client),
    densities: masks.map(({ mask }) => rounded(mask.density)),
    overlap: masks.map((a) => masks.map((b) => rounded(overlapOf(a.mask, b.mask)))),
    density: layout.tensors.map(({ layer, projection, matrix, size }, t) => {
      const densities = counts.map((of) => (of[t] as number) / size);
      const deviation = standardDeviation(densities);
      return {
        layer,
        projection,
        matrix,
        mean: rounded(densities.length === 0 ? 0 : mean(densities)),
        standardDeviation: deviation === null ? null : rounded(deviation),
      };
    }),
  };
}

/**
 * |a ∩ b| / min(|a|, |b|), the overlap coefficient (Szymkiewicz–Simpson): what share of the smaller mask the other one
 * owns too. Rather than Jaccard's index because what chance gives can be read off: two masks drawn by lot overlap by
 * the density of the larger. An empty mask lies within every other: 1.
 */
export function overlapOf(a: Mask, b: Mask): number {
  const smaller = Math.min(a.kept, b.kept);
  return smaller === 0 ? 1 : a.intersection(b).kept / smaller;
}

/** How many positions are kept, by tensor. Both come in layout order. */
function countsByTensor(mask: Mask, { tensors }: Layout): number[] {
  const counts = tensors.map(() => 0);
  let t = 0;
  for (const position of mask.positions()) {
    while (position >= endOf(tensors[t] as LayoutTensor)) t++;
    counts[t] = (counts[t] as number) + 1;
  }
  return counts;
}

function endOf({ offset, size }: LayoutTensor): number {
  return offset + size;
}

function rounded(value: number): number {
  return Number(value.toFixed(5));
}
