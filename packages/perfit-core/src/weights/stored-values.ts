import { float32ToFloat16 } from './safetensors-writer.ts';

/** Values as a safetensors file holds them. */
export type StoredValues =
  | { readonly dtype: 'F32'; readonly values: Float32Array }
  | { readonly dtype: 'F16' | 'BF16'; readonly values: Uint16Array };

/** The values in float32; exact. @param into written where the file holds other bits, and where it is given */
export function toFloats(stored: StoredValues, into?: Float32Array): Float32Array {
  switch (stored.dtype) {
    case 'F32':
      return stored.values;
    case 'BF16':
      return bfloat16ToFloat32(stored.values, into);
    case 'F16':
      return float16ToFloat32(stored.values, into);
  }
}

/**
 * The values as bits of binary16 that stay finite: what is too large becomes the largest half. A weight is never infinite.
 * @param into as many bits, where it is given
 */
export function toHalves(
  { dtype, values }: StoredValues,
  into: Uint16Array = new Uint16Array(values.length),
): Uint16Array {
  switch (dtype) {
    case 'F32':
      for (let i = 0; i < values.length; i++) into[i] = finiteHalf(values[i] as number);
      break;
    case 'BF16': {
      const table = halfOfBfloat16();
      for (let i = 0; i < values.length; i++) into[i] = table[values[i] as number] as number;
      break;
    }
    case 'F16':
      for (let i = 0; i < values.length; i++) into[i] = finite(values[i] as number);
  }
  return into;
}

/** One value as {@link toHalves} has it. */
export function finiteHalf(value: number): number {
  return finite(float32ToFloat16(value));
}

export function bfloat16ToFloat32(
  halves: Uint16Array,
  into: Float32Array = new Float32Array(halves.length),
): Float32Array {
  const bits = new Uint32Array(into.buffer, into.byteOffset, halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  return into;
}

export function float16ToFloat32(
  halves: Uint16Array,
  into: Float32Array = new Float32Array(halves.length),
): Float32Array {
  const table = floatOfHalf();
  for (let i = 0; i < halves.length; i++) into[i] = table[halves[i] as number] as number;
  return into;
}

function finite(half: number): number {
  return (half & 0x7fff) === 0x7c00 ? half - 1 : half;
}

/** There are few enough values of 16 bits to know them all. */
const EVERY_HALF = 0x10000;

/** Every value of binary16, by its bits. */
export const floatOfHalf = once(() => Float32Array.from({ length: EVERY_HALF }, (_, bits) => decodeHalf(bits)));

const halfOfBfloat16 = once(() =>
  Uint16Array.from(bfloat16ToFloat32(Uint16Array.from({ length: EVERY_HALF }, (_, bits) => bits)), finiteHalf),
);

function decodeHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function once<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
