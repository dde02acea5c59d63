import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GGMLQuantizationType, type GGUFParseOutput, gguf } from '@huggingface/gguf';
import { float16ToFloat32 } from '../src/weights/stored-values.ts';

export interface ReadGguf {
  readonly metadata: Record<string, unknown>;
  /** Row-major shapes, and the values as float32. */
  readonly tensors: ReadonlyMap<string, { type: string; shape: number[]; values: Float32Array }>;
}

/** A GGUF file as @huggingface/gguf reads it, with its tensors taken out of their blocks. */
export async function readGguf(bytes: Uint8Array<ArrayBuffer>): Promise<ReadGguf> {
  const folder = await mkdtemp(join(tmpdir(), 'perfit-gguf-'));
  try {
    const file = join(folder, 'model.gguf');
    await writeFile(file, bytes);
    const parsed = await gguf(file, { allowLocalFile: true });
    const tensors = parsed.tensorInfos.map((info) => [info.name, tensorOf(bytes, parsed, info)] as const);
    return { metadata: parsed.metadata as Record<string, unknown>, tensors: new Map(tensors) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tensorOf(
  bytes: Uint8Array<ArrayBuffer>,
  { tensorDataOffset }: GGUFParseOutput,
  { shape, dtype, offset }: GGUFParseOutput['tensorInfos'][number],
) {
  const dimensions = shape.map(Number).reverse();
  const size = dimensions.reduce((product, length) => product * length, 1);
  const at = Number(tensorDataOffset + offset);
  if (at % 32 !== 0) throw new Error(`a tensor lies at byte ${at}`);
  const type = GGMLQuantizationType[dtype] as string;
  return { type, shape: dimensions, values: valuesOf(bytes.slice(at), type, size) };
}

function valuesOf(bytes: Uint8Array<ArrayBuffer>, type: string, size: number): Float32Array {
  switch (type) {
    case 'F32':
      return new Float32Array(bytes.buffer, 0, size).slice();
    case 'F16':
      return float16ToFloat32(new Uint16Array(bytes.buffer, 0, size));
    case 'Q8_0':
      return Float32Array.from({ length: size }, (_, i) => {
        const block = 34 * Math.floor(i / 32);
        const scale = float16ToFloat32(new Uint16Array(bytes.slice(block, block + 2).buffer))[0] as number;
        return scale * (((bytes[block + 2 + (i % 32)] as number) << 24) >> 24);
      });
    default:
      throw new Error(`no reader for ${type}`);
  }
}
