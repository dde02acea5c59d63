const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/**
 * The bits of the binary16 number nearest to a binary32 number; ties go to even. What is finite stays finite:
 * beyond the range it becomes ±65504. ±Inf stays, every NaN becomes a quiet NaN with its sign.
 */
export function toHalf(value: number): number {
  float[0] = value;
  const bits = floatBits[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude === 0x7f800000) return sign | 0x7c00;
  // From 65520 on, rounding would give infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7bff;
  if (magnitude >= 0x38800000) {
    // Normal: rebias the exponent from 127 to 15; a carry out of the mantissa is right as it is.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  if (magnitude <= 0x33000000) return sign;
  // Subnormal: count in units of 2^-24.
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const rest = mantissa & ((1 << shift) - 1);
  const halfway = 1 << (shift - 1);
  const units = mantissa >>> shift;
  const roundsUp = rest > halfway || (rest === halfway && (units & 1) === 1);
  return sign | (roundsUp ? units + 1 : units);
}

/** The number that a binary16's bits stand for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 0x1f) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

let decoded: Float32Array | null = null;

/** All 65,536 binary16 numbers by their bits: decoding millions of them is one look-up each. */
export function halfTable(): Float32Array {
  decoded ??= Float32Array.from({ length: 0x10000 }, (_, half) => fromHalf(half));
  return decoded;
}
