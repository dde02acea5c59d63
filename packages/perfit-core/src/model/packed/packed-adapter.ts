import { type Layout, type LayoutTensor, type ModelDimensions, projectionWidths } from '@perfit/protocol/space';
import type * as tf from '@tensorflow/tfjs-core';
import type { AdaptedModule, PackedAdapter } from '../../ops/packed-linear/packed-linear.ts';
import { GROUP_NAMES, GROUP_OF, GROUPS, type Group } from './packed-weights.ts';

type GroupModules = Readonly<Record<Group, readonly AdaptedModule[]>>;

const known = new WeakMap<Layout, readonly GroupModules[]>();

/** Where the LoRA pairs of every group of every layer lie in theta. @returns one for each layer that has any */
export function adaptedModules(layout: Layout, dimensions: ModelDimensions): readonly GroupModules[] {
  let layers = known.get(layout);
  if (!layers) {
    layers = placeModules(layout, dimensions);
    known.set(layout, layers);
  }
  return layers;
}

/** The pairs of one group, or null where none of its projections is adapted. @param theta [N] */
export function groupAdapter(
  at: { layout: Layout; theta: tf.Tensor1D; modules: readonly GroupModules[] },
  layer: number,
  group: Group,
): PackedAdapter | null {
  const { layout, theta, modules: layers } = at;
  const modules = layers[layer]?.[group] ?? [];
  return modules.length > 0 ? { theta, rank: layout.rank, scale: layout.alpha / layout.rank, modules } : null;
}

function placeModules(layout: Layout, dimensions: ModelDimensions): GroupModules[] {
  const layers = Array.from(
    { length: dimensions.layers },
    () => Object.fromEntries(GROUP_NAMES.map((group) => [group, []])) as unknown as Record<Group, AdaptedModule[]>,
  );
  for (let i = 0; i < layout.tensors.length; i += 2) {
    const [a, b] = layout.tensors.slice(i, i + 2) as [LayoutTensor, LayoutTensor];
    const group = GROUP_OF[a.projection];
    let start = 0;
    for (const projection of GROUPS[group]) {
      if (projection === a.projection) break;
      start += projectionWidths(dimensions, projection).outWidth;
    }
    layers[a.layer]?.[group].push({ start, width: b.rows, offsetA: a.offset, offsetB: b.offset });
  }
  return layers;
}
