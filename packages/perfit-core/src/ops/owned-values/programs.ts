import { remembered, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { workgroupSize } from '../../wgsl/workgroups.ts';

/** All values are moved and computed as bits: f32 in WGSL may lose subnormals and NaN, and its quotients are inexact. */
const read = (name: string): StorageBinding => ({ name, element: 'u32', access: 'read' });
const written = (name: string): StorageBinding => ({ name, element: 'u32', access: 'read_write' });

/** WGSL: a loop over `count` items, `i` in `body`. */
function forEach(count: string, body: string): string {
  return `
@compute @workgroup_size(${workgroupSize}) fn main(
  @builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < ${count}; i += groups.x * ${workgroupSize}u) {
    ${body}
  }
}`;
}

/** WGSL: whether position p is owned, and where it is among those that are. */
const places = `
fn owned(p: u32) -> bool { return ((mask[p >> 5u] >> (p & 31u)) & 1u) == 1u; }
fn place(p: u32) -> u32 { return keptBefore[p >> 5u] + countOneBits(mask[p >> 5u] & ((1u << (p & 31u)) - 1u)); }`;

/** Binds mask, keptBefore, values [N], packed [kept]. */
export const packProgram: WgslProgram = {
  name: 'pack-owned',
  storage: [read('mask'), read('keptBefore'), read('values'), written('packed')],
  uniforms: [{ name: 'size', type: 'u32' }],
  source: `${places}${forEach('u.size', 'if (owned(i)) { packed[place(i)] = values[i]; }')}`,
};

/** Binds mask, keptBefore, packed [kept], values [N], and rest [N] where there is one. */
export const unpackProgram = remembered((hasRest: boolean): WgslProgram => {
  const body = `if (owned(i)) { values[i] = packed[place(i)]; } else { values[i] = ${hasRest ? 'rest[i]' : '0u'}; }`;
  return {
    name: 'unpack-owned',
    storage: [
      ...[read('mask'), read('keptBefore'), read('packed'), written('values')],
      ...(hasRest ? [read('rest')] : []),
    ],
    uniforms: [{ name: 'size', type: 'u32' }],
    source: `${places}${forEach('u.size', body)}`,
  };
});

/** Two values a word. As `codecs/half.ts` of the protocol, line by line. Binds values [count], words. */
export const halfProgram: WgslProgram = {
  name: 'quantise-half',
  storage: [read('values'), written('words')],
  uniforms: [{ name: 'count', type: 'u32' }],
  source: `
fn toHalf(bits: u32) -> u32 {
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return sign | 0x7e00u; }
  if (magnitude == 0x7f800000u) { return sign | 0x7c00u; }
  if (magnitude >= 0x477ff000u) { return sign | 0x7bffu; }
  if (magnitude >= 0x38800000u) {
    return sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13u) & 1u)) >> 13u);
  }
  if (magnitude <= 0x33000000u) { return sign; }
  let shift = 126u - (magnitude >> 23u);
  let mantissa = (magnitude & 0x7fffffu) | 0x800000u;
  let rest = mantissa & ((1u << shift) - 1u);
  let halfway = 1u << (shift - 1u);
  let units = mantissa >> shift;
  return sign | (units + u32(rest > halfway || (rest == halfway && (units & 1u) == 1u)));
}
${forEach(
  '(u.count + 1u) / 2u',
  `var word = toHalf(values[2u * i]);
    if (2u * i + 1u < u.count) { word |= toHalf(values[2u * i + 1u]) << 16u; }
    words[i] = word;`,
)}`,
};

/** Values that share a scale: `codecs/int8-blocks.ts` of the protocol. */
export const int8Block = 64;

/** Of the protocol: the least scale is 2⁻¹²⁶, the greatest a little less than binary32's largest number / 127. */
const leastScale = 0x00800000;
const mostScale = bitsOf((((2 - 2 ** -23) * 2 ** 127) / 127) * (1 - 2 ** -23));

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] as number;
}

/**
 * The scale of each block, largest / 127 rounded to the nearest, by a division of whole numbers. A largest number of
 * binary32 is M · 2ᵉ with 2²³ ≤ M < 2²⁴: M · 2⁸ / 127 has 25 or 26 bits, of which the nearest 24 are wanted. It is never
 * halfway: 127 is odd. Binds values [count], words.
 */
export const int8ScaleProgram: WgslProgram = {
  name: 'quantise-int8-scales',
  storage: [read('values'), written('words')],
  uniforms: [{ name: 'count', type: 'u32' }],
  source: `
fn scaleOf(largest: u32) -> u32 {
  if (largest >= 0x7f800000u) { return 0x7fc00000u; }
  if (largest == 0u) { return 0u; }
  let exponent = largest >> 23u;
  // What is smaller than 2⁻¹²⁰ has a scale below the least one.
  if (exponent < 7u) { return ${leastScale}u; }
  let wide = (((largest & 0x7fffffu) | 0x800000u) << 8u) / 127u;
  let spare = 8u - countLeadingZeros(wide);
  let nearest = (wide + (1u << (spare - 1u))) >> spare;
  // The mantissa's leading bit, and a carry out of it, add to the exponent; below the least scale the sum wraps around to
  // less than its bits.
  let scale = ((exponent + spare - 9u) << 23u) + nearest;
  return clamp(scale, ${leastScale}u, ${mostScale}u);
}
${forEach(
  `(u.count + ${int8Block - 1}u) / ${int8Block}u`,
  `var largest = 0u;
    for (var at = i * ${int8Block}u; at < min(u.count, (i + 1u) * ${int8Block}u); at++) {
      largest = max(largest, values[at] & 0x7fffffffu);
    }
    words[i] = scaleOf(largest);`,
)}`,
};

/**
 * The step of each value, four a word behind the scales: round(value / scale), by a division of whole numbers, halfway
 * to the greater one as Math.round does. Binds values [count], words.
 */
export const int8StepProgram: WgslProgram = {
  name: 'quantise-int8-steps',
  storage: [read('values'), written('words')],
  uniforms: [{ name: 'count', type: 'u32' }],
  source: `
fn exponentOf(magnitude: u32) -> i32 { return i32(max(magnitude >> 23u, 1u)); }
fn mantissaOf(magnitude: u32) -> u32 { return (magnitude & 0x7fffffu) | select(0u, 0x800000u, magnitude >= 0x800000u); }
fn stepOf(bits: u32, scale: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  // Twice the quotient, of mantissas of 24 bits: the value is less than 2⁸ scales, so that nothing is shifted out.
  let shift = exponentOf(magnitude) - exponentOf(scale) + 1;
  if (shift < 0) { return 0u; }
  let twice = mantissaOf(magnitude) << u32(shift);
  let halves = twice / mantissaOf(scale);
  let isHalfway = (halves & 1u) == 1u && halves * mantissaOf(scale) == twice;
  let isNegative = bits >> 31u == 1u;
  let step = min(127u, (halves + select(1u, 0u, isHalfway && isNegative)) >> 1u);
  return select(step, (0u - step) & 0xffu, isNegative);
}
${forEach(
  '(u.count + 3u) / 4u',
  `let blocks = (u.count + ${int8Block - 1}u) / ${int8Block}u;
    let scale = words[i / ${int8Block / 4}u];
    var word = 0u;
    // Zeros and NaN have no steps to take.
    if (scale != 0u && scale < 0x7f800000u) {
      for (var j = 0u; j < 4u && 4u * i + j < u.count; j++) { word |= stepOf(values[4u * i + j], scale) << (8u * j); }
    }
    words[blocks + i] = word;`,
)}`,
};
