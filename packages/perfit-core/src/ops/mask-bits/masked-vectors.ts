/** Numbers of [N] that an invocation takes at a time: four where N is a multiple of four. */
export type Width = 1 | 4;

export function widthOf(size: number): Width {
  return size % 4 === 0 ? 4 : 1;
}

/** WGSL's types of so many numbers, for storage bindings. */
export const vectorTypes = {
  1: { real: 'f32', bits: 'u32' },
  4: { real: 'vec4<f32>', bits: 'vec4<u32>' },
} as const;

/** WGSL: the types `Real` and `Bits`, and `owned(i)`, whether `mask` (u32 words) has the numbers of the i-th vector. */
export function maskedVectors(width: Width): string {
  const { real, bits } = vectorTypes[width];
  const owned =
    width === 4
      ? `fn owned(i: u32) -> vec4<bool> {
  let four = vec4<u32>(mask[i >> 3u] >> (4u * (i & 7u)));
  return ((four >> vec4<u32>(0, 1, 2, 3)) & vec4<u32>(1)) == vec4<u32>(1);
}`
      : 'fn owned(i: u32) -> bool { return ((mask[i >> 5u] >> (i & 31u)) & 1u) == 1u; }';
  return `alias Real = ${real};\nalias Bits = ${bits};\n${owned}\n`;
}
