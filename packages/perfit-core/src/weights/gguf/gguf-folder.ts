import { once } from '../once.ts';
import { shown } from '../shown.ts';
import type { ModelSource } from '../source.ts';
import { readTensor, type TensorEntry, type WeightFiles } from '../tensor-values.ts';
import { WeightsError } from '../weights-error.ts';
import { configOf } from './config.ts';
import { type GgufFile, readGgufFile } from './gguf-file.ts';
import { huggingFaceName } from './tensor-names.ts';
import { tokenizerTexts } from './tokenizer.ts';

const ROPE_FACTORS = 'rope_freqs.weight';

/**
 * A GGUF file as the folder that Hugging Face would have of the same model: config.json and the tokenizer's files made of
 * its metadata, and its tensors under the names, and in the order of rows, that they have there.
 * @param source has the file
 */
export function ggufFolder(source: ModelSource, file: string): ModelSource {
  const opened = once(() => readGgufFile(source, file));
  const weights = once(async () => weightsOf(await opened()));
  const texts = once(async () => {
    const gguf = await opened();
    const factors = gguf.tensors.get(ROPE_FACTORS);
    const ropeFactors = factors ? await readTensor(source, { ...factors, ...asStored(gguf, factors.type.name) }) : null;
    const config = `${JSON.stringify(configOf(gguf, ropeFactors), null, 2)}\n`;
    return new Map(Object.entries({ 'config.json': config, ...tokenizerTexts(gguf) }));
  });
  const bytes = async (name: string) => {
    const text = (await texts()).get(name);
    return text === undefined ? null : new TextEncoder().encode(text);
  };

  return {
    describe: () => (source.describe().endsWith(file) ? source.describe() : `${file} in ${source.describe()}`),
    has: async (name) => name === file || (await texts()).has(name),
    async text(name) {
      const text = (await texts()).get(name);
      if (text === undefined) throw new WeightsError('weights-missing-file', `${file} has no counterpart of ${name}`);
      return text;
    },
    async size(name) {
      return (await bytes(name))?.length ?? (await source.size(name));
    },
    async range(name, start, end, into) {
      const made = name === file ? null : await bytes(name);
      if (!made) return await source.range(name, start, end, into);
      if (end > made.length) throw new WeightsError('weights-truncated', `${name} ends before byte ${end}`);
      return made.subarray(start, end);
    },
    weights,
  };
}

function asStored(file: GgufFile, dtype: string) {
  return { file: file.name, dtype };
}

/** @throws WeightsError where a tensor has no counterpart */
function weightsOf(gguf: GgufFile): WeightFiles {
  const entries = new Map<string, TensorEntry>();
  const turn = headTurn(gguf);
  let bytes = 0;
  for (const { name, type, shape, start, end } of gguf.tensors.values()) {
    if (name === ROPE_FACTORS) continue;
    const known = huggingFaceName(name);
    if (known === null) {
      const message = `${gguf.name} has the tensor ${shown(name)}, which no model has that can be followed`;
      throw new WeightsError('weights-unsupported-architecture', message);
    }
    const isTurned = turn !== null && /\.attn_[qk]\./.test(name);
    const stored = asStored(gguf, type.name);
    entries.set(known, { name: known, ...stored, shape, start, end, ...(isTurned ? { headTurn: turn } : {}) });
    bytes += end - start;
  }
  return { entries, bytes };
}

/** The width of heads whose rows llama.cpp's converter reordered: Llama's, and not Qwen's. */
function headTurn({ metadata }: GgufFile): number | null {
  if (metadata.string('general.architecture') !== 'llama') return null;
  const width = metadata.number('llama.embedding_length') ?? 0;
  const heads = metadata.numberOfAllLayers('llama.attention.head_count') ?? 1;
  return metadata.number('llama.attention.key_length') ?? width / heads;
}
