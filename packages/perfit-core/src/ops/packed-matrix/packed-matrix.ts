import type * as tf from '@tensorflow/tfjs-core';
import { rowsBetween, type StoredRows, valueCount } from '../../weights/stored-rows.ts';
import { memoize, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { spread, WgslRunner } from '../../wgsl/runner.ts';
import { type Format, PackScratch, packedWords, packRows, paddedWidth } from './formats.ts';
import { matrixMemory } from './matrix-memory.ts';

/** Where the rows of a matrix go. */
export interface RowWriter {
  push(slab: StoredRows): void;
}

/** Consecutive rows of a packed matrix in a buffer that one binding can hold. */
export interface PackedPart {
  /** int32 words: values, then scales. */
  readonly words: tf.Tensor1D;
  readonly firstRow: number;
  readonly rows: number;
  /** Where the scales begin, in words. */
  readonly scaleOffset: number;
}

/**
 * A frozen weight W [rows, columns] where our programs compute, in one of the formats, decoded where it is multiplied. One that is
 * larger than a binding may be is split by rows. It owns its tensors until {@link PackedMatrix.dispose}.
 */
export class PackedMatrix {
  readonly format: Format;
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly PackedPart[];

  private constructor(format: Format, rows: number, columns: number, parts: readonly PackedPart[]) {
    this.format = format;
    this.rows = rows;
    this.columns = columns;
    this.parts = parts;
  }

  /**
   * Allocates the matrix; its rows are written by {@link PackedMatrix.writer}.
   * @param maxBytes of one part; what the backend allows where absent
   */
  static allocate(format: Format, rows: number, columns: number, maxBytes?: number): PackedMatrix {
    const memory = matrixMemory();
    const most = maxBytes ?? memory.maxBytes;
    const inRow = packedWords(format, 1, columns);
    const rowsInPart = Math.min(rows, Math.max(1, Math.floor(most / (4 * (inRow.values + inRow.scales)))));
    const parts: PackedPart[] = [];
    for (let firstRow = 0; firstRow < rows; firstRow += rowsInPart) {
      const count = Math.min(rowsInPart, rows - firstRow);
      const words = packedWords(format, count, columns);
      const tensor = memory.empty<tf.Tensor1D>([words.values + words.scales], 'int32');
      parts.push({ words: tensor, firstRow, rows: count, scaleOffset: words.values });
    }
    return new PackedMatrix(format, rows, columns, parts);
  }

  /** @param values W, row-major [rows, columns] */
  static from(
    format: Format,
    values: Float32Array,
    shape: { rows: number; columns: number; maxBytes?: number },
  ): PackedMatrix {
    const matrix = PackedMatrix.allocate(format, shape.rows, shape.columns, shape.maxBytes);
    const writer = matrix.writer();
    writer.push({ dtype: 'F32', values });
    return matrix;
  }

  /** Takes the rows of W in order, in slabs of whole rows. */
  writer(): RowWriter {
    let next = 0;
    return {
      push: (slab) => {
        this.#write(slab, next);
        next += valueCount(slab) / this.columns;
      },
    };
  }

  /** Packs rows and writes them from `firstRow` on. */
  #write(stored: StoredRows, firstRow: number): void {
    const { columns, format } = this;
    const memory = matrixMemory();
    const lastRow = firstRow + valueCount(stored) / columns;
    const inRow = packedWords(format, 1, columns);
    for (const part of this.parts) {
      const from = Math.max(firstRow, part.firstRow);
      const to = Math.min(lastRow, part.firstRow + part.rows);
      if (from >= to) continue;
      const rows = rowsBetween(stored, columns, from - firstRow, to - firstRow);
      const packed = packRows(format, rows, { rows: to - from, columns }, scratch);
      const values = (to - from) * inRow.values;
      const inPart = from - part.firstRow;
      memory.write(part.words, packed.subarray(0, values), inPart * inRow.values);
      if (values === packed.length) continue;
      memory.write(part.words, packed.subarray(values), part.scaleOffset + inPart * inRow.scales);
    }
  }

  /** Values from a row to the next. */
  get stride(): number {
    return paddedWidth(this.format, this.columns);
  }

  /** Bytes on the device. */
  get bytes(): number {
    return this.parts.reduce((sum, { words }) => sum + 4 * words.size, 0);
  }

  /** The only part: the weight of a layer is never split. @throws RangeError */
  get whole(): PackedPart {
    const [part, second] = this.parts;
    if (!part || second) throw new RangeError('the matrix is split into several buffers');
    return part;
  }

  dispose(): void {
    for (const { words } of this.parts) words.dispose();
  }
}

/** Rows of W, decoded, on WebGPU. @param indices [M] int32   @returns [M, columns]; the caller disposes it */
export function gatherRows(matrix: PackedMatrix, indices: tf.Tensor1D): tf.Tensor2D {
  const runner = WgslRunner.current();
  const count = indices.size;
  const out = runner.empty<tf.Tensor2D>([count, matrix.columns]);
  for (const part of matrix.parts) {
    runner.run(gatherProgram(matrix.format), {
      tensors: [part.words, indices, out],
      uniforms: {
        count,
        columns: matrix.columns,
        stride: matrix.stride,
        scale_offset: part.scaleOffset,
        first_row: part.firstRow,
        rows: part.rows,
      },
      workgroups: spread(Math.ceil((count * Math.ceil(matrix.columns / 4)) / 64)),
    });
  }
  return out;
}

/** Of what goes to the device at once. */
const scratch = new PackScratch();

/** How WGSL sees the words of a packed matrix: the binding's element type. */
export function weightBinding(format: Format, name = 'weights'): StorageBinding {
  const element = { f32: 'vec4<f32>', f16: 'vec2<u32>', int8: 'u32', int4: 'u32', q4_1: 'u32' }[format];
  return { name, element, access: 'read' };
}

/**
 * WGSL of `fn weight4(row, k) -> vec4<f32>`: four values of a row from k on, k a multiple of 4; it reads the uniforms
 * `stride` and `scale_offset`.
 */
export function weightDecoder(format: Format): string {
  const scale = `
    let half = unpack2x16float(weights[u.scale_offset + (index >> 6u)]);
    let scale = select(half.x, half.y, ((index >> 5u) & 1u) == 1u);`;
  const fourBits = `
    let word = weights[((index >> 5u) << 2u) + ((index >> 2u) & 3u)] >> ((index >> 2u) & 4u);
    let value = vec4<f32>((vec4(word) >> vec4(0u, 8u, 16u, 24u)) & vec4(15u));`;
  const body = {
    f32: 'return weights[index >> 2u];',
    f16: 'let pair = weights[index >> 2u]; return vec4(unpack2x16float(pair.x), unpack2x16float(pair.y));',
    int8: `${scale}
    let word = bitcast<i32>(weights[index >> 2u]);
    return vec4<f32>((vec4(word) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u)) * scale;`,
    int4: `${scale}${fourBits} return (value - 8.0) * scale;`,
    q4_1: `${fourBits}
    let both = unpack2x16float(weights[u.scale_offset + (index >> 5u)]);
    return value * both.x + both.y;`,
  }[format];
  return `fn weight4(row: u32, k: u32) -> vec4<f32> { let index = row * u.stride + k; ${body} }`;
}

const gatherProgram = memoize((format: Format): WgslProgram => {
  return {
    name: `gather-${format}`,
    storage: [
      weightBinding(format),
      { name: 'indices', element: 'i32', access: 'read' },
      { name: 'out', element: 'f32', access: 'read_write' },
    ],
    uniforms: ['count', 'columns', 'stride', 'scale_offset', 'first_row', 'rows'].map((name) => ({
      name,
      type: 'u32',
    })),
    source: `${weightDecoder(format)}
    @compute @workgroup_size(64) fn main(
      @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
      @builtin(local_invocation_index) local: u32) {
      let fours = (u.columns + 3u) / 4u;
      let id = (group.x + group.y * groups.x) * 64u + local;
      let at = id / fours;
      if (at >= u.count) { return; }
      let row = u32(indices[at]) - u.first_row; // wraps around below the first row
      if (row >= u.rows) { return; }
      let k = 4u * (id % fours);
      let value = weight4(row, k);
      for (var i = 0u; i < min(4u, u.columns - k); i++) { out[at * u.columns + k + i] = value[i]; }
    }`,
  };
});
