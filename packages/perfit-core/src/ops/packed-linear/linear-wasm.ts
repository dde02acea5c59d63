import type * as tf from '@tensorflow/tfjs-core';
import { ranges, WasmRunner } from '../../wasm/runner.ts';
import { FORMATS, isInBlocks } from '../packed-matrix/formats.ts';
import type { PackedMatrix } from '../packed-matrix/packed-matrix.ts';
import type { LoraSlopes, PackedAdapter, PackedLinear } from './packed-linear.ts';
import type { VectorExtras } from './packed-vector.ts';

// The programs of `packed-linear.ts` and `packed-vector.ts` for the processor; M rows, I input width, O output width,
// J adapted modules, R rank.

/** A matrix in memory: where it begins, bytes from a row to the next and from a value of a row to the next. */
interface Strided {
  readonly at: number;
  readonly row: number;
  readonly step: number;
}

/** C [m, n] = α·A·B, or C + that, with B in f32 or packed. @param b.alongK whether its rows run along k */
function multiply(given: {
  readonly sizes: readonly [m: number, n: number, k: number];
  readonly alpha?: number;
  readonly add: boolean;
  readonly a: Strided;
  readonly b: {
    readonly at: number;
    readonly width: number;
    readonly alongK: boolean;
    readonly packed?: PackedMatrix;
  };
  readonly c: { readonly at: number; readonly row: number };
}): void {
  const { sizes, alpha = 1, add, a, b, c } = given;
  const runner = WasmRunner.current();
  const format = FORMATS.indexOf(b.packed?.format ?? 'f32');
  const scales = b.packed ? b.at + 4 * b.packed.whole.scaleOffset : 0;
  const [m, n, k] = sizes;
  // By columns, of which each thread unpacks its own; a narrow product by rows.
  const byColumns = n >= 128;
  const parts = runner.parts(2 * m * n * k, byColumns ? Math.floor(n / 64) : Math.floor(m / 16));
  const cut = byColumns ? ranges(n, parts, 8) : ranges(m, parts, 4);
  const scratch = runner.scratch(cut.length, [[m, k]]);
  runner.run(
    cut.map(([from, to], i) => {
      const [m0, rows] = byColumns ? [0, m] : [from, to - from];
      const [n0, end] = byColumns ? [from, to] : [0, n];
      const [aAt, cAt] = [a.at + m0 * a.row, c.at + m0 * c.row];
      const of = [format, rows, end, k, alpha, add ? 1 : 0, aAt, a.row, a.step] as const;
      return [
        'multiply',
        ...of,
        b.at,
        scales,
        b.width,
        n0,
        b.alongK ? 1 : 0,
        cAt,
        c.row,
        scratch[i] as number,
      ] as const;
    }),
  );
}

const rowMajor = (at: number, width: number): Strided => ({ at, row: 4 * width, step: 4 });
const transposed = (at: number, width: number): Strided => ({ at, row: 4, step: 4 * width });

/** x·Wᵀ, or dy·W, of rows into rows. @param at of the rows and where the result goes; both are as wide as W says */
export function multiplyPacked(
  weight: PackedMatrix,
  of: { rows: number; from: number; to: number; transposed: boolean; add: boolean },
): void {
  const { rows: outWidth, columns: inWidth } = weight;
  const [from, to] = of.transposed ? [inWidth, outWidth] : [outWidth, inWidth];
  multiply({
    sizes: [of.rows, to, from],
    add: of.add,
    a: rowMajor(of.from, from),
    b: {
      at: WasmRunner.current().address(weight.whole.words),
      width: weight.stride,
      alongK: of.transposed,
      packed: weight,
    },
    c: { at: of.to, row: 4 * to },
  });
}

/** As `packed-linear.ts` has it. */
export function linearForward(
  x: tf.Tensor2D,
  { weight, bias }: PackedLinear,
  given: { adapter: PackedAdapter | null; low: tf.Tensor2D | null; residual?: tf.Tensor2D | null },
): tf.Tensor2D {
  const { adapter, low, residual = null } = given;
  const runner = WasmRunner.current();
  const [rows] = x.shape;
  const outWidth = weight.rows;
  const out = runner.empty<tf.Tensor2D>([rows, outWidth]);
  const to = runner.address(out);
  const begins = bias !== null || residual !== null;
  if (begins) runner.programs.beginRows(rows, outWidth, runner.address(residual), runner.address(bias), to);
  multiplyPacked(weight, { rows, from: runner.address(x), to, transposed: true, add: begins });
  addAdapted(out, adapter, low);
  return out;
}

/** Each weight that is read once takes as long as so many of those that many rows share. */
const SLOWER_ALONE = 4;

/** As `packed-vector.ts` has it: one row, a weight of which every value is read once. */
export function vectorProduct(x: tf.Tensor2D, weight: PackedMatrix, given: VectorExtras = {}): tf.Tensor2D {
  const { bias = null, residual = null, adapter = null, low = null } = given;
  const runner = WasmRunner.current();
  const out = runner.empty<tf.Tensor2D>([1, weight.rows]);
  const to = runner.address(out);
  runner.programs.beginRows(1, weight.rows, runner.address(residual), runner.address(bias), to);
  const { words, scaleOffset } = weight.whole;
  const at = runner.address(words);
  const { rows, columns } = weight;
  const from = runner.address(x);
  const short = shortened(weight, from);
  const of = [columns, from, short, at, at + 4 * scaleOffset, weight.stride, to] as const;
  const format = FORMATS.indexOf(weight.format);
  const cut = ranges(rows, runner.parts(SLOWER_ALONE * 2 * rows * columns, Math.floor(rows / 32)), 16);
  runner.run(cut.map(([first, end]) => ['multiplyVector', format, first, end, ...of]));
  addAdapted(out, adapter, low);
  return out;
}

/** A row in sixteen bits, block by block, for a weight in blocks. @returns where it lies until the next program needs room */
function shortened({ format, columns }: PackedMatrix, from: number): number {
  if (!isInBlocks(format)) return 0;
  const runner = WasmRunner.current();
  const whole = columns - (columns % 32);
  const [to] = runner.scratch(1, [[1, 1]], (whole / 32) * SHORT_BLOCK) as [number];
  runner.programs.shortenRow(whole, from, to);
  return to;
}

/** Bytes of 32 values of a shortened row; `assembly/decode.ts`. */
const SHORT_BLOCK = 80;

/** out += low·Bᵀ at each module's columns. */
function addAdapted(out: tf.Tensor2D, adapter: PackedAdapter | null, low: tf.Tensor2D | null): void {
  if (!adapter || !low) return;
  const runner = WasmRunner.current();
  const [rows, outWidth] = out.shape;
  const { theta, rank, modules } = adapter;
  const [to, from, at] = runner.addresses(out, low, theta);
  modules.forEach(({ start, width, offsetB }, j) => {
    multiply({
      sizes: [rows, width, rank],
      add: true,
      a: rowMajor(from + 4 * j * rank, modules.length * rank),
      b: { at: at + 4 * offsetB, width: rank, alongK: true },
      c: { at: to + 4 * start, row: 4 * outWidth },
    });
  });
}

/** As `packed-linear.ts` has it. */
export function linearBackward(
  dy: tf.Tensor2D,
  { weight }: PackedLinear,
  { adapter, dLow }: { adapter: PackedAdapter | null; dLow: tf.Tensor2D | null },
): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows] = dy.shape;
  const inWidth = weight.columns;
  const dx = runner.empty<tf.Tensor2D>([rows, inWidth]);
  const to = runner.address(dx);
  multiplyPacked(weight, { rows, from: runner.address(dy), to, transposed: false, add: false });
  if (!adapter || !dLow) return dx;
  const { theta, rank, modules } = adapter;
  const [from, at] = runner.addresses(dLow, theta);
  modules.forEach(({ offsetA }, j) => {
    multiply({
      sizes: [rows, inWidth, rank],
      add: true,
      a: rowMajor(from + 4 * j * rank, modules.length * rank),
      b: { at: at + 4 * offsetA, width: inWidth, alongK: false },
      c: { at: to, row: 4 * inWidth },
    });
  });
  return dx;
}

/** As `packed-linear.ts` has it. */
export function loraDown(x: tf.Tensor2D, { theta, rank, scale, modules }: PackedAdapter): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows, inWidth] = x.shape;
  const low = runner.empty<tf.Tensor2D>([rows, modules.length * rank]);
  const [from, at, to] = runner.addresses(x, theta, low);
  modules.forEach(({ offsetA }, j) => {
    multiply({
      sizes: [rows, rank, inWidth],
      alpha: scale,
      add: false,
      a: rowMajor(from, inWidth),
      b: { at: at + 4 * offsetA, width: inWidth, alongK: true },
      c: { at: to + 4 * j * rank, row: 4 * modules.length * rank },
    });
  });
  return low;
}

/** As `packed-linear.ts` has it. */
export function loraDownGradient(dy: tf.Tensor2D, { theta, rank, scale, modules }: PackedAdapter): tf.Tensor2D {
  const runner = WasmRunner.current();
  const [rows, outWidth] = dy.shape;
  const dLow = runner.empty<tf.Tensor2D>([rows, modules.length * rank]);
  const [from, at, to] = runner.addresses(dy, theta, dLow);
  modules.forEach(({ start, width, offsetB }, j) => {
    multiply({
      sizes: [rows, rank, width],
      alpha: scale,
      add: false,
      a: rowMajor(from + 4 * start, outWidth),
      b: { at: at + 4 * offsetB, width: rank, alongK: false },
      c: { at: to + 4 * j * rank, row: 4 * modules.length * rank },
    });
  });
  return dLow;
}

/** As `packed-linear.ts` has it. */
export function loraGradients(given: LoraSlopes, { rank, modules }: PackedAdapter): void {
  const { add } = given;
  const runner = WasmRunner.current();
  const [rows, inWidth] = given.x.shape;
  const outWidth = given.dy.shape[1];
  const lowWidth = modules.length * rank;
  const [x, dy, low, dLow, gradient] = runner.addresses(given.x, given.dy, given.low, given.dLow, given.gradient);
  modules.forEach(({ start, width, offsetA, offsetB }, j) => {
    multiply({
      sizes: [rank, inWidth, rows],
      add,
      a: transposed(dLow + 4 * j * rank, lowWidth),
      b: { at: x, width: inWidth, alongK: false },
      c: { at: gradient + 4 * offsetA, row: 4 * inWidth },
    });
    multiply({
      sizes: [width, rank, rows],
      add,
      a: transposed(dy + 4 * start, outWidth),
      b: { at: low + 4 * j * rank, width: lowWidth, alongK: false },
      c: { at: gradient + 4 * offsetB, row: 4 * rank },
    });
  });
}
