import { type Layout, Mask, seededRandom } from '@perfit/protocol/space';
import type { StreamedFile } from '../src/export/streamed-file.ts';
import { writeSafetensors } from '../src/weights/safetensors-writer.ts';
import type { ModelSource } from '../src/weights/source.ts';
import { memorySource, type TinyModel } from './tiny-models.ts';

/** The file's bytes; as many as it said beforehand. */
export async function collect(file: StreamedFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(file.bytes);
  let at = 0;
  for await (const chunk of file.chunks()) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at !== file.bytes) throw new Error(`${file.name} said ${file.bytes} bytes and gave ${at}`);
  return bytes;
}

/** The written folder, to be read again. */
export async function asFolder(files: readonly StreamedFile[]): Promise<ModelSource> {
  const contents: Record<string, Uint8Array> = {};
  for (const file of files) contents[file.name] = await collect(file);
  return memorySource(contents);
}

/** A model's folder with its weights in two shards of a type. */
export function sharded(
  { config, tensors }: TinyModel,
  dtype: 'F32' | 'F16' | 'BF16',
): Record<string, string | Uint8Array> {
  const all = Object.entries(tensors).map(([name, tensor]) => ({ name, ...tensor }));
  const shards = {
    'model-00001-of-00002.safetensors': all.slice(0, 5),
    'model-00002-of-00002.safetensors': all.slice(5),
  };
  const weightMap = Object.entries(shards).flatMap(([file, list]) => list.map(({ name }) => [name, file]));
  return {
    'config.json': JSON.stringify({ ...config, torch_dtype: 'float32' }),
    'model.safetensors.index.json': JSON.stringify({ weight_map: Object.fromEntries(weightMap) }),
    ...Object.fromEntries(Object.entries(shards).map(([file, list]) => [file, writeSafetensors(list, { dtype })])),
  };
}

/** Random numbers where the mask is, zeros elsewhere. */
export function randomAdapter(layout: Layout, seed: number, density = 0.5): { theta: Float32Array; mask: Mask } {
  const random = seededRandom(seed);
  const mask = Mask.from(layout.size, () => random() < density);
  return { mask, theta: mask.apply(Float32Array.from({ length: layout.size }, () => random() - 0.5)) };
}

/** Tells of every range that is asked for. */
export function watched(source: ModelSource, onRange: (name: string, bytes: number) => void): ModelSource {
  return {
    ...source,
    range(name, start, end) {
      onRange(name, end - start);
      return source.range(name, start, end);
    },
  };
}
