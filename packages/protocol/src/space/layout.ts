/** The linear layers of a transformer block that LoRA can target, in layout order. */
export const PROJECTIONS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type Projection = (typeof PROJECTIONS)[number];

/** What the layout must know of a base model: a Llama-family block's widths, in features. */
export interface ModelDimensions {
  readonly layers: number;
  /** D, the model width. */
  readonly width: number;
  /** H·d, the width of all query heads together. */
  readonly queryWidth: number;
  /** K·d, the width of all key (or value) heads together. */
  readonly keyValueWidth: number;
  /** F, the feed-forward width. */
  readonly feedForwardWidth: number;
}

/** The expanded LoRA space: R = c·r (PF1), the scale α/R, and the projections that carry an adapter. */
export interface LoraSpace {
  /** R, the expanded rank. */
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly Projection[];
}

/** One LoRA matrix inside theta: row-major at [offset, offset + size). */
export interface LayoutTensor {
  /** For example `layers.0.q_proj`. */
  readonly module: string;
  readonly layer: number;
  readonly projection: Projection;
  /** A is [rank, in], B is [out, rank]. */
  readonly matrix: 'A' | 'B';
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
  readonly size: number;
}

/** The canonical order of theta. */
export interface Layout {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly Projection[];
  readonly tensors: readonly LayoutTensor[];
  /** N, the length of theta. */
  readonly size: number;
}

/** Layers ascending; q, k, v, o, gate, up, down; A [R, in] then B [out, R]; row-major (PF1). */
export function buildLayout(dimensions: ModelDimensions, space: LoraSpace): Layout {
  const targets = PROJECTIONS.filter((projection) => space.targets.includes(projection));
  const tensors: LayoutTensor[] = [];
  let offset = 0;
  const add = (tensor: Omit<LayoutTensor, 'offset' | 'size'>) => {
    const size = tensor.rows * tensor.columns;
    tensors.push({ ...tensor, offset, size });
    offset += size;
  };
  for (let layer = 0; layer < dimensions.layers; layer++) {
    for (const projection of targets) {
      const module = `layers.${layer}.${projection}`;
      const { inWidth, outWidth } = projectionWidths(dimensions, projection);
      add({ module, layer, projection, matrix: 'A', rows: space.rank, columns: inWidth });
      add({ module, layer, projection, matrix: 'B', rows: outWidth, columns: space.rank });
    }
  }
  return { rank: space.rank, alpha: space.alpha, targets, tensors, size: offset };
}

/** The text whose SHA-256 names a layout: peers with the same hash agree on every position of theta. */
export function describeLayout(layout: Layout): string {
  const tensors = layout.tensors.map(({ module, matrix, rows, columns }) => `${module}.${matrix} ${rows}x${columns}`);
  return [`perfit-layout 1`, `alpha ${layout.alpha}`, ...tensors].join('\n');
}

/** SHA-256 of {@link describeLayout}, 64 hexadecimal digits. */
export async function layoutHash(layout: Layout): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(describeLayout(layout)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The numbers of one matrix inside theta, as a view. */
export function tensorSlice(theta: Float32Array, tensor: LayoutTensor): Float32Array {
  return theta.subarray(tensor.offset, tensor.offset + tensor.size);
}

/** Features that go into a projection and come out of it. */
export function projectionWidths(dimensions: ModelDimensions, projection: Projection) {
  const { width, queryWidth, keyValueWidth, feedForwardWidth } = dimensions;
  switch (projection) {
    case 'q_proj':
      return { inWidth: width, outWidth: queryWidth };
    case 'k_proj':
    case 'v_proj':
      return { inWidth: width, outWidth: keyValueWidth };
    case 'o_proj':
      return { inWidth: queryWidth, outWidth: width };
    case 'gate_proj':
    case 'up_proj':
      return { inWidth: width, outWidth: feedForwardWidth };
    case 'down_proj':
      return { inWidth: feedForwardWidth, outWidth: width };
  }
}
