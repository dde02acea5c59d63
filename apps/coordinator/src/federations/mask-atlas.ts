import { type MaskAtlas, SMALLEST_GROUP } from '@perfit/protocol';
import type { Layout, Mask } from '@perfit/protocol/space';

/** The share of each module's positions, A's and B's together, that a mask keeps. @returns [layers · targets], layers first */
export function moduleDensities(mask: Mask, layout: Layout): number[] {
  const modules = new Map<string, { kept: number; size: number }>();
  for (const { module, offset, size } of layout.tensors) {
    const sum = modules.get(module) ?? { kept: 0, size: 0 };
    modules.set(module, { kept: sum.kept + mask.keptBetween(offset, offset + size), size: sum.size + size });
  }
  return [...modules.values()].map(({ kept, size }) => kept / size);
}

interface AtlasParts {
  readonly layout: Layout;
  /** [M][M], Jaccard. */
  readonly overlaps: readonly (readonly number[])[];
  /** [M][layers · targets]. */
  readonly densities: readonly (readonly number[])[];
  readonly smallestGroup?: number | undefined;
}

/** Means over groups of at least `smallestGroup` masks; of fewer masks nothing but their number is said. */
export function maskAtlas({ layout, overlaps, densities, smallestGroup = SMALLEST_GROUP }: AtlasParts): MaskAtlas {
  const modules = layout.targets;
  const layers = layout.tensors.length / (2 * modules.length);
  const groups = groupBySimilarity(overlaps, smallestGroup);
  return {
    smallestGroup,
    masks: overlaps.length,
    layers,
    modules: [...modules],
    groups: groups.map((members) => ({
      clients: members.length,
      density: Array.from({ length: layers }, (_, layer) =>
        modules.map((_name, j) => mean(members.map((i) => densities[i]?.[layer * modules.length + j] ?? 0))),
      ),
    })),
    overlap: groups.map((a) => groups.map((b) => meanOverlap(overlaps, a, b))),
  };
}

/**
 * Average linkage, only as far as size asks for it: the smallest group that is too small joins the one whose masks
 * overlap most with its own. @returns indices by group, the largest group first; none where all together are too few
 */
export function groupBySimilarity(overlaps: readonly (readonly number[])[], smallest: number): number[][] {
  if (overlaps.length < smallest) return [];
  const groups = overlaps.map((_, i) => [i]);
  for (;;) {
    groups.sort((a, b) => b.length - a.length || (a[0] as number) - (b[0] as number));
    const last = groups.at(-1);
    if (!last || last.length >= smallest) return groups;
    groups.pop();
    const likeness = groups.map((group) => meanOverlap(overlaps, group, last));
    groups[likeness.indexOf(Math.max(...likeness))]?.push(...last);
  }
}

/** Over pairs of different masks: a mask's overlap with itself would say nothing, unless there is nothing else to say. */
function meanOverlap(overlaps: readonly (readonly number[])[], a: readonly number[], b: readonly number[]): number {
  if (a === b && a.length === 1) return 1;
  return mean(a.flatMap((i) => b.filter((j) => j !== i).map((j) => overlaps[i]?.[j] ?? 0)));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
