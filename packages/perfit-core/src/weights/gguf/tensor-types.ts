/** How ggml stores the values of a tensor: blocks of `values` next to each other in `bytes` of the file. */
export interface GgmlType {
  readonly name: GgmlTypeName;
  readonly values: number;
  readonly bytes: number;
}

export const GGML_BLOCK = 32;

/** Bytes of a block of {@link GGML_BLOCK} values. */
export const BLOCK_BYTES = { Q4_0: 18, Q4_1: 20, Q8_0: 34 } as const;
export type BlockType = keyof typeof BLOCK_BYTES;

/** Of those, what comes before the values: one half or two. */
export const SHARED_BYTES: Readonly<Record<BlockType, number>> = { Q4_0: 2, Q4_1: 4, Q8_0: 2 };

/** Types that can be read, by the numbers that files give them. Source: github.com/ggml-org/ggml, ggml.h, `ggml_type`. */
const READABLE = {
  0: { name: 'F32', values: 1, bytes: 4 },
  1: { name: 'F16', values: 1, bytes: 2 },
  2: { name: 'Q4_0', values: GGML_BLOCK, bytes: BLOCK_BYTES.Q4_0 },
  3: { name: 'Q4_1', values: GGML_BLOCK, bytes: BLOCK_BYTES.Q4_1 },
  8: { name: 'Q8_0', values: GGML_BLOCK, bytes: BLOCK_BYTES.Q8_0 },
  30: { name: 'BF16', values: 1, bytes: 2 },
} as const;

type GgmlTypeName = (typeof READABLE)[keyof typeof READABLE]['name'];

/** The others, so that a refusal can name them. */
const OTHERS: Readonly<Record<number, string>> = {
  6: 'Q5_0',
  7: 'Q5_1',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
};

export function ggmlType(id: number): GgmlType | null {
  return (READABLE as Readonly<Record<number, GgmlType>>)[id] ?? null;
}

/** What llama.cpp calls a type, also one that cannot be read. */
export function ggmlTypeName(id: number): string {
  return ggmlType(id)?.name ?? OTHERS[id] ?? `type ${id}`;
}

/** Readable types as a sentence lists them. */
export const READABLE_TYPES = 'F32, F16, BF16, Q8_0, Q4_0 and Q4_1 can be read';

export function isBlockType(name: string): name is BlockType {
  return name in BLOCK_BYTES;
}
