import type * as tf from '@tensorflow/tfjs-core';
import type { StoredValues } from '../../weights/stored-values.ts';
import { remembered, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { spread, WgslRunner } from '../../wgsl/runner.ts';
import { blockSize, PackScratch, type Precision, packedWords, packRows, paddedWidth } from './formats.ts';
import { matrixMemory } from './matrix-memory.ts';
import { pairingWriter, plainWriter, type RowWriter } from './row-writer.ts';

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
 * A frozen weight W [rows, columns] where our programs compute, in f32, f16, int8 or int4, decoded where it is multiplied. One that is
 * larger than a binding may be is split by rows. It owns its tensors until {@link PackedMatrix.dispose}.
 */
export class PackedMatrix {
  readonly precision: Precision;
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly PackedPart[];

  private constructor(precision: Precision, rows: number, columns: number, parts: readonly PackedPart[]) {
    this.precision = precision;
    this.rows = rows;
    this.columns = columns;
    this.parts = parts;
  }

  /**
   * Allocates the matrix; its rows are written by {@link PackedMatrix.writer}.
   * @param mostBytes of one part; what the backend allows where absent
   */
  static allocate(precision: Precision, rows: number, columns: number, mostBytes?: number): PackedMatrix {
    const memory = matrixMemory();
    const most = mostBytes ?? memory.mostBytes;
    const rowBytes = (4 * paddedWidth(columns) * bitsOf(precision)) / 32;
    const fitting = Math.floor((most - 4) / rowBytes);
    const rowsInPart = Math.min(rows, Math.max(1, inPairs(precision, columns) ? fitting - (fitting % 2) : fitting));
    const parts: PackedPart[] = [];
    for (let firstRow = 0; firstRow < rows; firstRow += rowsInPart) {
      const count = Math.min(rowsInPart, rows - firstRow);
      const words = packedWords(precision, count, columns);
      const tensor = memory.empty<tf.Tensor1D>([words.values + words.scales], 'int32');
      parts.push({ words: tensor, firstRow, rows: count, scaleOffset: words.values });
    }
    return new PackedMatrix(precision, rows, columns, parts);
  }

  /** @param values W, row-major [rows, columns] */
  static from(
    precision: Precision,
    values: Float32Array,
    shape: { rows: number; columns: number; mostBytes?: number },
  ): PackedMatrix {
    const matrix = PackedMatrix.allocate(precision, shape.rows, shape.columns, shape.mostBytes);
    const writer = matrix.writer();
    writer.push({ dtype: 'F32', values });
    writer.end();
    return matrix;
  }

  /** Takes the rows of W in order, in slabs. */
  writer(): RowWriter {
    const { precision, rows, columns } = this;
    if (!inPairs(precision, columns)) return plainWriter(columns, (values, firstRow) => this.#write(values, firstRow));
    return pairingWriter({ rows, columns }, (values, firstRow) => this.#write(values, firstRow));
  }

  /** Packs rows and writes them from `firstRow` on. @param stored row-major, whole rows */
  #write(stored: StoredValues, firstRow: number): void {
    const { columns, precision } = this;
    const memory = matrixMemory();
    const lastRow = firstRow + stored.values.length / columns;
    for (const part of this.parts) {
      const from = Math.max(firstRow, part.firstRow);
      const to = Math.min(lastRow, part.firstRow + part.rows);
      if (from >= to) continue;
      const rows = rowsOf(stored, (from - firstRow) * columns, (to - firstRow) * columns);
      const packed = packRows(precision, rows, { rows: to - from, columns }, scratch);
      const { values: valueWords } = packedWords(precision, to - from, columns);
      const inPart = from - part.firstRow;
      memory.write(part.words, packed.subarray(0, valueWords), (inPart * valueWords) / (to - from));
      if (valueWords < packed.length) {
        const firstBlock = (inPart * paddedWidth(columns)) / blockSize;
        memory.write(part.words, packed.subarray(valueWords), part.scaleOffset + firstBlock / 2);
      }
    }
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
    runner.run(gatherProgram(matrix.precision), {
      tensors: [part.words, indices, out],
      uniforms: {
        count,
        columns: matrix.columns,
        stride: paddedWidth(matrix.columns),
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

/** Rows of int8 and int4 share a word of two scales where a row has an odd number of blocks. */
function inPairs(precision: Precision, columns: number): boolean {
  return (precision === 'int8' || precision === 'int4') && (paddedWidth(columns) / blockSize) % 2 === 1;
}

function rowsOf(stored: StoredValues, start: number, end: number): StoredValues {
  return stored.dtype === 'F32'
    ? { dtype: 'F32', values: stored.values.subarray(start, end) }
    : { dtype: stored.dtype, values: stored.values.subarray(start, end) };
}

function bitsOf(precision: Precision): number {
  return { f32: 32, f16: 16, int8: 8.5, int4: 4.5 }[precision];
}

/** How WGSL sees the words of a packed matrix: the binding's element type. */
export function weightBinding(precision: Precision, name = 'weights'): StorageBinding {
  const element = { f32: 'vec4<f32>', f16: 'vec2<u32>', int8: 'u32', int4: 'u32' }[precision];
  return { name, element, access: 'read' };
}

/**
 * WGSL of `fn weight4(row, k) -> vec4<f32>`: four values of a row from k on, k a multiple of 4; it reads the uniforms
 * `stride` and `scale_offset`.
 */
export function weightDecoder(precision: Precision): string {
  const scale = `
    let half = unpack2x16float(weights[u.scale_offset + (index >> 6u)]);
    let scale = select(half.x, half.y, ((index >> 5u) & 1u) == 1u);`;
  const body = {
    f32: 'return weights[index >> 2u];',
    f16: 'let pair = weights[index >> 2u]; return vec4(unpack2x16float(pair.x), unpack2x16float(pair.y));',
    int8: `${scale} return unpack4x8snorm(weights[index >> 2u]) * scale;`,
    int4: `${scale}
    let word = weights[index >> 3u] >> (16u * ((index >> 2u) & 1u));
    let nibbles = (vec4(word) >> vec4(0u, 4u, 8u, 12u)) & vec4(15u);
    return (vec4<f32>(nibbles) - 8.0) * scale;`,
  }[precision];
  return `fn weight4(row: u32, k: u32) -> vec4<f32> { let index = row * u.stride + k; ${body} }`;
}

const gatherProgram = remembered((precision: Precision): WgslProgram => {
  return {
    name: `gather-${precision}`,
    storage: [
      weightBinding(precision),
      { name: 'indices', element: 'i32', access: 'read' },
      { name: 'out', element: 'f32', access: 'read_write' },
    ],
    uniforms: ['count', 'columns', 'stride', 'scale_offset', 'first_row', 'rows'].map((name) => ({
      name,
      type: 'u32',
    })),
    source: `${weightDecoder(precision)}
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
