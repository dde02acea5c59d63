import { buildLayout, type Layout, tensorSlice } from '@perfit/protocol/space';
import { moduleName } from '../adapter/module-name.ts';
import { dimensions, type ModelConfig, parseModelConfig } from '../model/config.ts';
import { openWeights } from '../weights/safetensors-reader.ts';
import type { ModelSource } from '../weights/source.ts';
import { matrixOf, readRowRange, refuseNotFinite, type TensorEntry } from '../weights/tensor-values.ts';
import { ExportError } from './export-error.ts';

// A [R, in], B [out, R], theta [N].

/** A base model where its files lie, and what was tuned on top of it. */
export interface TunedModel {
  /** The weights are read again from here: those on the device may have been rounded. */
  readonly source: ModelSource;
  readonly adapter: { readonly layout: Layout; readonly theta: Float32Array } | null;
}

/** One tensor of the base model, and the low-rank change of it. */
export interface MergedTensor {
  readonly entry: TensorEntry;
  readonly change: LowRankChange | null;
}

interface LowRankChange {
  /** [R, in] */
  readonly a: Float32Array;
  /** [out, R] */
  readonly b: Float32Array;
  /** R */
  readonly rank: number;
  /** α/R */
  readonly scale: number;
}

export interface MergedWeights {
  readonly config: ModelConfig;
  /** By their names in the base model. */
  readonly tensors: ReadonlyMap<string, MergedTensor>;
}

/**
 * No more than this is asked of a source at once, unless a granule of rows is longer: 4 MiB. While a tensor is written, a
 * slab is in memory as it is stored, in float32 and as it is written.
 */
export const SLAB_BYTES = 4 << 20;

/**
 * Finds the weights and what changes them; only headers are read.
 * @throws ExportError `export-adapter-mismatch`, `export-missing-tensor`, `export-wrong-shape`
 * @throws ModelError   @throws WeightsError
 */
export async function openMerged({ source, adapter }: TunedModel): Promise<MergedWeights> {
  const config = parseModelConfig(await source.text('config.json'));
  const { entries } = await openWeights(source);
  const tensors = new Map<string, MergedTensor>();
  for (const [name, entry] of entries) tensors.set(name, { entry, change: null });
  if (!adapter) return { config, tensors };
  const { layout, theta } = adapter;
  checkFits(config, layout, theta);
  for (let i = 0; i < layout.tensors.length; i += 2) {
    const [a, b] = [layout.tensors[i], layout.tensors[i + 1]] as [Layout['tensors'][0], Layout['tensors'][0]];
    const name = `${moduleName(a)}.weight`;
    const tensor = assertHas(tensors, name, [b.rows, a.columns]);
    const change = {
      a: tensorSlice(theta, a),
      b: tensorSlice(theta, b),
      rank: layout.rank,
      scale: layout.alpha / layout.rank,
    };
    tensors.set(name, { ...tensor, change });
  }
  return { config, tensors };
}

/** @throws ExportError `export-missing-tensor`, `export-wrong-shape` */
export function assertHas(
  tensors: ReadonlyMap<string, MergedTensor>,
  name: string,
  shape: readonly number[],
): MergedTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new ExportError('export-missing-tensor', `The model has no tensor ${name}.`, { tensor: name });
  const found = tensor.entry.shape;
  if (found.length === shape.length && found.every((width, axis) => width === shape[axis])) return tensor;
  throw new ExportError(
    'export-wrong-shape',
    `The tensor ${name} is [${found.join(', ')}] where config.json implies [${shape.join(', ')}].`,
    { tensor: name, shape: found, wanted: shape },
  );
}

/**
 * W + (α/R)·B·A in float32, a slab of rows after the other, row-major.
 * @param granule rows that must not be parted: every slab but the last has a multiple of them
 */
export async function* mergedRows(
  source: ModelSource,
  { entry, change }: MergedTensor,
  granule = 1,
): AsyncGenerator<Float32Array> {
  const { rows, columns } = matrixOf(entry);
  // The rows of a GGUF file's heads change places, and heads are of one width: of both granules one is a multiple.
  const step = Math.max(granule, rows === 1 ? 1 : (entry.headTurn ?? 1));
  const most = Math.max(1, Math.floor(SLAB_BYTES / (4 * columns * step || 1))) * step;
  for (let first = 0; first < rows; first += most) {
    const behind = Math.min(rows, first + most);
    const values = await readRowRange(source, entry, { first, behind });
    refuseNotFinite(entry, { dtype: 'F32', values });
    if (change) addChange(values, change, { first, columns });
    yield values;
  }
}

/** Bytes of a file as they are, a slab after the other. */
export async function* copiedBytes(
  source: ModelSource,
  { file, start, end }: Pick<TensorEntry, 'file' | 'start' | 'end'>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = start; at < end; at += SLAB_BYTES) {
    yield (await source.range(file, at, Math.min(end, at + SLAB_BYTES))).slice();
  }
}

/** Adds what the adapter does to some rows, in place. What a mask left out is zero in B or A and costs nothing in B. */
function addChange(
  values: Float32Array,
  { a, b, rank, scale }: LowRankChange,
  { first, columns }: { first: number; columns: number },
): void {
  const sums = new Float64Array(columns);
  for (let r = 0; r < values.length / columns; r++) {
    let isChanged = false;
    for (let k = 0; k < rank; k++) {
      const weight = b[(first + r) * rank + k] as number;
      if (weight === 0) continue;
      isChanged = true;
      const row = k * columns;
      for (let c = 0; c < columns; c++) sums[c] = (sums[c] as number) + weight * (a[row + c] as number);
    }
    if (!isChanged) continue;
    const row = r * columns;
    for (let c = 0; c < columns; c++) values[row + c] = (values[row + c] as number) + scale * (sums[c] as number);
    sums.fill(0);
  }
}

function checkFits(config: ModelConfig, layout: Layout, theta: Float32Array): void {
  const { size } = buildLayout(dimensions(config), layout);
  if (size === layout.size && theta.length === size) return;
  throw new ExportError(
    'export-adapter-mismatch',
    `The adapter has ${theta.length} numbers; for this model it needs ${size}.`,
    { length: theta.length, wanted: size },
  );
}
