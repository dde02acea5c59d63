import type { Layout, Mask } from '@perfit/protocol/space';
import type { AdaptedModules, DensityCell } from '../../contract/session/session-state.ts';

/** What a mask of this layout can be of. */
export function adaptedModules({ tensors }: Layout): AdaptedModules {
  const layers = new Set(tensors.map(({ layer }) => layer));
  return { layers: layers.size, modules: [...new Set(tensors.map(({ projection }) => projection))] };
}

/** Which share of each adapted layer a mask keeps, A and B together, in layout order. */
export function densityMap(layout: Layout, mask: Mask): DensityCell[] {
  const cells = new Map<string, { layer: number; module: string; kept: number; size: number }>();
  for (const { module, layer, projection, offset, size } of layout.tensors) {
    const cell = cells.get(module) ?? { layer, module: projection, kept: 0, size: 0 };
    for (let p = offset; p < offset + size; p++) if (mask.has(p)) cell.kept++;
    cell.size += size;
    cells.set(module, cell);
  }
  return [...cells.values()].map(({ layer, module, kept, size }) => ({ layer, module, density: kept / size }));
}
