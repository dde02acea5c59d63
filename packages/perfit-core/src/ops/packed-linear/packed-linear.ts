import type * as tf from '@tensorflow/tfjs-core';
import { type MatrixAccess, matrixBinding, matrixReader, matrixWriter, unsigned } from '../../wgsl/access.ts';
import type { Tiles } from '../../wgsl/choices.ts';
import { memoize, type StorageBinding, type UniformField, type WgslProgram } from '../../wgsl/program.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { type TileShape, tiledProduct } from '../../wgsl/tiled-product.ts';
import { type PackedMatrix, weightBinding, weightDecoder } from '../packed-matrix/packed-matrix.ts';

// M rows, I input width, O output width, J adapted modules, R rank.

/** Projections of one input as one weight, their rows one below the other: q, k, v or gate, up or one alone. */
export interface PackedLinear {
  /** W [O, I], frozen, in one part */
  readonly weight: PackedMatrix;
  /** [O] */
  readonly bias: tf.Tensor1D | null;
}

/** The LoRA pair of one of the projections, by where it lies. */
export interface AdaptedModule {
  /** Its rows of W: the first, and how many. */
  readonly start: number;
  readonly width: number;
  /** Offsets in theta of A [R, I] and B [width, R]. */
  readonly offsetA: number;
  readonly offsetB: number;
}

/** The LoRA pairs of a {@link PackedLinear} inside the packed theta. At most three. */
export interface PackedAdapter {
  /** [N] */
  readonly theta: tf.Tensor1D;
  readonly rank: number;
  /** α/R */
  readonly scale: number;
  readonly modules: readonly AdaptedModule[];
}

/**
 * y = xWᵀ + bias + low·Bᵀ + residual, low = (α/R)·xAᵀ from {@link loraDown}.
 * @param x [M, I]   @param low [M, J·R]   @param residual [M, O]   @returns [M, O]; the caller disposes it
 * Source: Hu et al. 2021 (arXiv 2106.09685), eq. 3; PF1.
 */
export function linearForward(
  x: tf.Tensor2D,
  linear: PackedLinear,
  given: { adapter: PackedAdapter | null; low: tf.Tensor2D | null; residual?: tf.Tensor2D | null },
  tiles?: Tiles,
): tf.Tensor2D {
  const { weight, bias } = linear;
  const { adapter, low, residual = null } = given;
  const runner = WgslRunner.current();
  const { wide } = tiles ?? runner.choices;
  const [rows, inWidth] = x.shape;
  const outWidth = weight.rows;
  const out = runner.empty<tf.Tensor2D>([rows, outWidth]);
  const modules = adapter?.modules ?? [];
  const program = forwardProgram({
    format: weight.format,
    modules: modules.length,
    bias: bias !== null,
    residual: residual !== null,
    vectorIn: inWidth % 4 === 0,
    vectorOut: outWidth % 4 === 0,
    vectorRank: (adapter?.rank ?? 4) % 4 === 0,
    tile: wide,
  });
  const optional = [...(adapter ? [adapter.theta, low as tf.Tensor2D] : []), bias, residual];
  runner.run(program, {
    tensors: [weight.whole.words, x, ...optional.filter((tensor) => tensor !== null), out],
    uniforms: { rows, ...weightUniforms(weight), ...adapterUniforms(adapter) },
    workgroups: workgroupsOf(wide, rows, outWidth),
  });
  return out;
}

/**
 * dx = dy·W + dLow·A, dLow = (α/R)·dy·B from {@link loraDownGradient}.
 * @param dy [M, O]   @param dLow [M, J·R]   @returns [M, I]; the caller disposes it
 */
export function linearBackward(
  dy: tf.Tensor2D,
  { weight }: PackedLinear,
  { adapter, dLow }: { adapter: PackedAdapter | null; dLow: tf.Tensor2D | null },
  tiles?: Tiles,
): tf.Tensor2D {
  const runner = WgslRunner.current();
  const { wide } = tiles ?? runner.choices;
  const [rows, outWidth] = dy.shape;
  const inWidth = weight.columns;
  const dx = runner.empty<tf.Tensor2D>([rows, inWidth]);
  const program = backwardProgram({
    format: weight.format,
    modules: adapter?.modules.length ?? 0,
    vectorIn: inWidth % 4 === 0,
    vectorOut: outWidth % 4 === 0,
    vectorRank: (adapter?.rank ?? 4) % 4 === 0,
    tile: wide,
  });
  runner.run(program, {
    tensors: [weight.whole.words, dy, ...(adapter ? [adapter.theta, dLow as tf.Tensor2D] : []), dx],
    uniforms: { rows, ...weightUniforms(weight), ...adapterUniforms(adapter) },
    workgroups: workgroupsOf(wide, rows, inWidth),
  });
  return dx;
}

/** low = (α/R)·xAᵀ of every adapted module, side by side. @param x [M, I]   @returns [M, J·R]; the caller disposes it */
export function loraDown(x: tf.Tensor2D, adapter: PackedAdapter, tiles?: Tiles): tf.Tensor2D {
  const runner = WgslRunner.current();
  const { narrow } = tiles ?? runner.choices;
  const [rows, inWidth] = x.shape;
  const { theta, rank, scale, modules } = adapter;
  const width = modules.length * rank;
  const low = runner.empty<tf.Tensor2D>([rows, width]);
  const shape = { modules: modules.length, vectorIn: inWidth % 4 === 0, vectorRank: rank % 4 === 0 };
  runner.run(downProgram({ ...shape, tile: narrow }), {
    tensors: [x, theta, low],
    uniforms: { rows, in_width: inWidth, low_width: width, scale, ...adapterUniforms(adapter) },
    workgroups: workgroupsOf(narrow, rows, width),
  });
  return low;
}

/** dLow = (α/R)·dy·B of every adapted module. @param dy [M, O]   @returns [M, J·R]; the caller disposes it */
export function loraDownGradient(dy: tf.Tensor2D, adapter: PackedAdapter, tiles?: Tiles): tf.Tensor2D {
  const runner = WgslRunner.current();
  const { narrow } = tiles ?? runner.choices;
  const [rows, outWidth] = dy.shape;
  const { theta, rank, scale, modules } = adapter;
  const width = modules.length * rank;
  const dLow = runner.empty<tf.Tensor2D>([rows, width]);
  const vectorOut = outWidth % 4 === 0 && modules.every(({ start }) => start % 4 === 0);
  const program = downGradientProgram({
    modules: modules.length,
    vectorOut,
    vectorRank: rank % 4 === 0,
    tile: narrow,
  });
  const [x, y] = workgroupsOf(narrow, rows, rank);
  runner.run(program, {
    tensors: [dy, theta, dLow],
    uniforms: { rows, out_width: outWidth, low_width: width, scale, ...adapterUniforms(adapter) },
    workgroups: [x, y, modules.length],
  });
  return dLow;
}

/** What the gradients of A and B come of, and where they go. */
export interface LoraSlopes {
  /** [M, I] */
  readonly x: tf.Tensor2D;
  /** [M, O] */
  readonly dy: tf.Tensor2D;
  /** [M, J·R] each */
  readonly low: tf.Tensor2D;
  readonly dLow: tf.Tensor2D;
  /** [N], written at the modules' positions */
  readonly gradient: tf.Tensor1D;
  /** Whether they are added to what is there. */
  readonly add: boolean;
}

/** The gradients of A and B of every adapted module, written where they lie in theta: dA = dLowᵀ·x, dB = dyᵀ·low. */
export function loraGradients(given: LoraSlopes, adapter: PackedAdapter, tiles?: Tiles): void {
  const { x, dy, low, dLow, gradient, add } = given;
  const runner = WgslRunner.current();
  const { narrow } = tiles ?? runner.choices;
  const [rows, inWidth] = x.shape;
  const outWidth = dy.shape[1];
  const { rank, modules } = adapter;
  const program = gradientsProgram({
    modules: modules.length,
    vectorIn: inWidth % 4 === 0,
    vectorOut: outWidth % 4 === 0 && modules.every(({ start }) => start % 4 === 0),
    vectorRank: rank % 4 === 0,
    tile: narrow,
  });
  const widest = Math.max(inWidth, ...modules.map(({ width }) => width));
  const [x0, y0] = workgroupsOf(narrow, widest, rank);
  runner.run(program, {
    tensors: [x, dy, low, dLow, gradient],
    uniforms: {
      rows,
      in_width: inWidth,
      out_width: outWidth,
      low_width: modules.length * rank,
      add: add ? 1 : 0,
      ...adapterUniforms(adapter),
    },
    workgroups: [x0, y0, 2 * modules.length],
  });
}

interface ProgramShape {
  readonly modules: number;
  readonly vectorRank: boolean;
  readonly tile: TileShape;
}

const shapeUniforms = unsigned('rows', 'in_width', 'out_width', 'stride', 'scale_offset');

const forwardProgram = memoize(
  (
    shape: ProgramShape & {
      format: PackedMatrix['format'];
      bias: boolean;
      residual: boolean;
      vectorIn: boolean;
      vectorOut: boolean;
    },
  ): WgslProgram => {
    const { format, modules, bias, residual, vectorIn, vectorOut, vectorRank, tile } = shape;
    const x = access('x', 'u.rows', 'u.in_width', vectorIn);
    const out = access('out', 'u.rows', 'u.out_width', vectorOut);
    const rest = access('residual', 'u.rows', 'u.out_width', vectorOut);
    const offset = access('bias', '1u', 'u.out_width', vectorOut);
    const low = lowAccess(modules, vectorRank);
    const storage: StorageBinding[] = [
      weightBinding(format),
      matrixBinding(x),
      ...(modules ? [thetaBinding(vectorRank), matrixBinding(low)] : []),
      ...(bias ? [matrixBinding(offset)] : []),
      ...(residual ? [matrixBinding(rest)] : []),
      matrixBinding(out, 'read_write'),
    ];
    const added = `${bias ? ' + bias4(0u, n)' : ''}${residual ? ' + residual4(m, n)' : ''}`;
    const source = tiledProduct({
      tile,
      declarations: [
        weightDecoder(format),
        `fn weight_row4(n: u32, k: u32) -> vec4<f32> { if (n >= u.out_width) { return vec4<f32>(0.0); } return weight4(n, k); }`,
        matrixReader(x),
        matrixWriter(out),
        bias ? matrixReader(offset) : '',
        residual ? matrixReader(rest) : '',
        modules ? matrixReader(low) + thetaReader(vectorRank) : '',
      ].join('\n'),
      phases: [
        { extent: 'u.in_width', a: 'x4(m, k)', aOrder: 'alongK', b: 'weight_row4(n, k)', bOrder: 'alongK' },
        ...Array.from({ length: modules }, (_, j) => ({
          isShort: true,
          // A tile that has no column of the module has nothing to add.
          extent: `select(0u, u.rank, n0 < u.start_${j} + u.width_${j} && n0 + ${tile.tileN}u > u.start_${j})`,
          a: `low4(m, ${j}u * u.rank + k)`,
          aOrder: 'alongK' as const,
          b: `theta4(u.b_${j}, n - u.start_${j}, u.width_${j}, k, u.rank)`,
          bOrder: 'alongK' as const,
        })),
      ],
      store: `set_out4(m, n, value${added});`,
    });
    return { name: `linear-${format}`, storage, uniforms: [...shapeUniforms, ...moduleFields(modules)], source };
  },
);

const backwardProgram = memoize(
  (shape: ProgramShape & { format: PackedMatrix['format']; vectorIn: boolean; vectorOut: boolean }): WgslProgram => {
    const { format, modules, vectorIn, vectorOut, vectorRank, tile } = shape;
    const dy = access('dy', 'u.rows', 'u.out_width', vectorOut);
    const dx = access('dx', 'u.rows', 'u.in_width', vectorIn);
    const low = lowAccess(modules, vectorRank);
    const storage = [
      weightBinding(format),
      matrixBinding(dy),
      ...(modules ? [thetaBinding(vectorRank && vectorIn), matrixBinding(low)] : []),
      matrixBinding(dx, 'read_write'),
    ];
    const source = tiledProduct({
      tile,
      declarations: [
        weightDecoder(format),
        `fn weight_column4(k: u32, n: u32) -> vec4<f32> { if (n >= u.stride) { return vec4<f32>(0.0); } return weight4(k, n); }`,
        matrixReader(dy),
        matrixWriter(dx),
        modules ? matrixReader(low) + thetaReader(vectorRank && vectorIn) + offsetOfA(modules) : '',
      ].join('\n'),
      phases: [
        { extent: 'u.out_width', a: 'dy4(m, k)', aOrder: 'alongK', b: 'weight_column4(k, n)', bOrder: 'alongN' },
        ...(modules
          ? [
              {
                isShort: true,
                extent: `${modules}u * u.rank`,
                a: 'low4(m, k)',
                aOrder: 'alongK' as const,
                b: 'theta4(offset_of_a(k / u.rank), k % u.rank, u.rank, n, u.in_width)',
                bOrder: 'alongN' as const,
              },
            ]
          : []),
      ],
      store: 'set_dx4(m, n, value);',
    });
    return {
      name: `linear-gradient-${format}`,
      storage,
      uniforms: [...shapeUniforms, ...moduleFields(modules)],
      source,
    };
  },
);

const lowUniforms: UniformField[] = [...unsigned('rows', 'in_width', 'low_width'), { name: 'scale', type: 'f32' }];

const downProgram = memoize(
  ({ modules, vectorIn, vectorRank, tile }: ProgramShape & { vectorIn: boolean }): WgslProgram => {
    const x = access('x', 'u.rows', 'u.in_width', vectorIn);
    const low = access('low', 'u.rows', 'u.low_width', vectorRank);
    const source = tiledProduct({
      tile,
      declarations: [
        matrixReader(x),
        matrixWriter(low),
        thetaReader(vectorIn && vectorRank),
        offsetOfA(modules),
        `fn row_of_a4(n: u32, k: u32) -> vec4<f32> {
        if (n >= u.low_width) { return vec4<f32>(0.0); }
        return theta4(offset_of_a(n / u.rank), n % u.rank, u.rank, k, u.in_width);
      }`,
      ].join('\n'),
      phases: [{ extent: 'u.in_width', a: 'x4(m, k)', aOrder: 'alongK', b: 'row_of_a4(n, k)', bOrder: 'alongK' }],
      store: 'set_low4(m, n, u.scale * value);',
    });
    return {
      name: 'lora-down',
      storage: [matrixBinding(x), thetaBinding(vectorIn && vectorRank), matrixBinding(low, 'read_write')],
      uniforms: [...lowUniforms, ...moduleFields(modules)],
      source,
    };
  },
);

const downGradientProgram = memoize((shape: ProgramShape & { vectorOut: boolean }): WgslProgram => {
  const { modules, vectorOut, vectorRank, tile } = shape;
  const dy = access('dy', 'u.rows', 'u.out_width', vectorOut);
  const low = access('low', 'u.rows', 'u.low_width', vectorRank);
  const source = tiledProduct({
    tile,
    declarations: [matrixReader(dy), matrixWriter(low), thetaReader(vectorRank)].join('\n'),
    prologue: `${pick('start', 'group.z', modules)} ${pick('width', 'group.z', modules)} ${pick('b', 'group.z', modules)}`,
    phases: [
      {
        extent: 'width',
        a: 'dy4(m, start + k)',
        aOrder: 'alongK',
        b: 'theta4(b, k, width, n, u.rank)',
        bOrder: 'alongN',
      },
    ],
    // A module's columns end where the next one's begin: four at once only where they do not straddle.
    store: vectorRank
      ? 'if (n < u.rank) { set_low4(m, group.z * u.rank + n, u.scale * value); }'
      : `for (var i = 0u; i < 4u; i++) {
           if (m < u.rows && n + i < u.rank) { low[m * u.low_width + group.z * u.rank + n + i] = u.scale * value[i]; }
         }`,
  });
  return {
    name: 'lora-down-gradient',
    storage: [matrixBinding(dy), thetaBinding(vectorRank), matrixBinding(low, 'read_write')],
    uniforms: [...unsigned('rows', 'out_width', 'low_width'), { name: 'scale', type: 'f32' }, ...moduleFields(modules)],
    source,
  };
});

const gradientsProgram = memoize((shape: ProgramShape & { vectorIn: boolean; vectorOut: boolean }): WgslProgram => {
  const { modules, vectorIn, vectorOut, vectorRank, tile } = shape;
  const x = access('x', 'u.rows', 'u.in_width', vectorIn);
  const dy = access('dy', 'u.rows', 'u.out_width', vectorOut);
  const low = access('low', 'u.rows', 'u.low_width', vectorRank);
  const dLow = access('d_low', 'u.rows', 'u.low_width', vectorRank);
  const source = tiledProduct({
    tile,
    declarations: [matrixReader(x), matrixReader(dy), matrixReader(low), matrixReader(dLow)].join('\n'),
    // Even z: A of module z/2, from x and dLow; odd z: its B, from dy and low.
    prologue: `let module_index = group.z / 2u;
      let is_b = (group.z & 1u) == 1u;
      ${pick('start', 'module_index', modules)} ${pick('width', 'module_index', modules)}
      ${pick('a', 'module_index', modules)} ${pick('b', 'module_index', modules)}
      let wide = select(u.in_width, width, is_b);`,
    phases: [
      {
        extent: 'select(0u, u.rows, m0 < wide)',
        a: 'wide4(is_b, k, m, start)',
        aOrder: 'alongM',
        b: 'narrow4(is_b, k, module_index * u.rank + n)',
        bOrder: 'alongN',
      },
    ],
    store: `for (var i = 0u; i < 4u; i++) {
      if (m < wide && n + i < u.rank) {
        let p = select(a + (n + i) * u.in_width + m, b + m * u.rank + n + i, is_b);
        if (u.add == 1u) { gradient[p] += value[i]; } else { gradient[p] = value[i]; }
      }
    }`,
  });
  const pickers = `
    fn wide4(is_b: bool, row: u32, column: u32, start: u32) -> vec4<f32> {
      if (is_b) { return dy4(row, start + column); }
      return x4(row, column);
    }
    fn narrow4(is_b: bool, row: u32, column: u32) -> vec4<f32> {
      if (is_b) { return low4(row, column); }
      return d_low4(row, column);
    }`;
  return {
    name: 'lora-gradients',
    storage: [
      ...[x, dy, low, dLow].map((matrix) => matrixBinding(matrix)),
      { name: 'gradient', element: 'f32', access: 'read_write' },
    ],
    uniforms: [...unsigned('rows', 'in_width', 'out_width', 'low_width', 'add'), ...moduleFields(modules)],
    source: pickers + source,
  };
});

function access(name: string, rows: string, width: string, vector: boolean): MatrixAccess {
  return { name, rows, width, stride: width, vector };
}

function lowAccess(modules: number, vector: boolean): MatrixAccess {
  return access('low', 'u.rows', `(${modules}u * u.rank)`, vector);
}

function thetaBinding(vector: boolean): StorageBinding {
  return { name: 'theta', element: vector ? 'vec4<f32>' : 'f32', access: 'read' };
}

/** `theta4(offset, row, rows, column, width)`: of the row-major matrix [rows, width] at an offset; zero outside. */
function thetaReader(vector: boolean): string {
  const body = vector
    ? `if (row >= rows || column >= width) { return vec4<f32>(0.0); }
       return theta[(offset + row * width + column) >> 2u];`
    : `var value = vec4<f32>(0.0);
       if (row < rows) {
         for (var i = 0u; i < 4u; i++) { if (column + i < width) { value[i] = theta[offset + row * width + column + i]; } }
       }
       return value;`;
  return `fn theta4(offset: u32, row: u32, rows: u32, column: u32, width: u32) -> vec4<f32> { ${body} }`;
}

function offsetOfA(modules: number): string {
  return `fn offset_of_a(index: u32) -> u32 { ${pick('a', 'index', modules)} return a; }`;
}

/** WGSL of `let FIELD = u.FIELD_index`. */
function pick(field: string, index: string, modules: number): string {
  let value = `u.${field}_0`;
  for (let j = 1; j < modules; j++) value = `select(${value}, u.${field}_${j}, ${index} == ${j}u)`;
  return `let ${field} = ${value};`;
}

export function moduleFields(modules: number): UniformField[] {
  if (modules === 0) return [];
  const each = Array.from({ length: modules }, (_, j) => [`start_${j}`, `width_${j}`, `a_${j}`, `b_${j}`]);
  return unsigned('rank', ...each.flat());
}

function weightUniforms(weight: PackedMatrix): Record<string, number> {
  const { rows, columns, whole } = weight;
  return { in_width: columns, out_width: rows, stride: weight.stride, scale_offset: whole.scaleOffset };
}

export function adapterUniforms(adapter: PackedAdapter | null): Record<string, number> {
  if (!adapter) return {};
  const values: Record<string, number> = { rank: adapter.rank };
  adapter.modules.forEach(({ start, width, offsetA, offsetB }, j) => {
    values[`start_${j}`] = start;
    values[`width_${j}`] = width;
    values[`a_${j}`] = offsetA;
    values[`b_${j}`] = offsetB;
  });
  return values;
}

function workgroupsOf(tile: TileShape, rows: number, columns: number): [number, number] {
  return [Math.ceil(columns / tile.tileN), Math.ceil(rows / tile.tileM)];
}
