import type { StorageBinding, UniformField } from './program.ts';

/**
 * Row-major matrices inside buffers, as WGSL functions that read and write four values at once: by vec4 where every row
 * begins at a multiple of four values, one by one otherwise.
 */
export interface MatrixAccess {
  /** Of the binding. */
  readonly name: string;
  /** WGSL expressions, in values. */
  readonly rows: string;
  readonly width: string;
  readonly stride: string;
  /** Whether stride, width and every column that is asked for are multiples of four. */
  readonly vector: boolean;
}

export function matrixBinding(
  { name, vector }: MatrixAccess,
  access: StorageBinding['access'] = 'read',
): StorageBinding {
  return { name, element: vector ? 'vec4<f32>' : 'f32', access };
}

/** `fn NAME4(row, column) -> vec4<f32>`; zero outside of the matrix. */
export function matrixReader({ name, rows, width, stride, vector }: MatrixAccess): string {
  const body = vector
    ? `if (row >= ${rows} || column >= ${width}) { return vec4<f32>(0.0); }
       return ${name}[(row * ${stride} + column) >> 2u];`
    : `var value = vec4<f32>(0.0);
       if (row < ${rows}) {
         for (var i = 0u; i < 4u; i++) { if (column + i < ${width}) { value[i] = ${name}[row * ${stride} + column + i]; } }
       }
       return value;`;
  return `fn ${name}4(row: u32, column: u32) -> vec4<f32> { ${body} }`;
}

/** `fn set_NAME4(row, column, value)`; nothing outside of the matrix. */
export function matrixWriter({ name, rows, width, stride, vector }: MatrixAccess): string {
  const body = vector
    ? `if (row < ${rows} && column < ${width}) { ${name}[(row * ${stride} + column) >> 2u] = value; }`
    : `if (row < ${rows}) {
         for (var i = 0u; i < 4u; i++) { if (column + i < ${width}) { ${name}[row * ${stride} + column + i] = value[i]; } }
       }`;
  return `fn set_${name}4(row: u32, column: u32, value: vec4<f32>) { ${body} }`;
}

export function unsigned(...names: string[]): UniformField[] {
  return names.map((name) => ({ name, type: 'u32' }));
}
