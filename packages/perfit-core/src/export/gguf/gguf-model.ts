import type { Tokenizer } from '../../text/tokenizer.ts';
import type { ModelSource } from '../../weights/source.ts';
import { matrixOf, turnedRows } from '../../weights/tensor-values.ts';
import { bytesOf, finiteHalves } from '../halves.ts';
import { mergedRows, openMerged, type TunedModel } from '../merged-weights.ts';
import type { StreamedFile } from '../streamed-file.ts';
import { architectureMetadata, architectureOf } from './architecture.ts';
import { type GgufMetadata, ggufHeader, padding } from './gguf-header.ts';
import { quantizeQ8 } from './q8.ts';
import { type GgufType, type HeadTurn, type PlannedTensor, planTensors } from './tensor-plan.ts';
import { tokenizerMetadata } from './tokenizer-metadata.ts';

export interface GgufOptions {
  readonly type: GgufType;
  /** What the model is called in the file. */
  readonly name: string;
  /** The base model's; its tokenizer.json is read besides. */
  readonly tokenizer: Tokenizer;
}

/** llama.cpp's numbers for a file of mostly this type, and for the version of its quantisation. */
const FILE_TYPES: Readonly<Record<GgufType, number>> = { f16: 1, q8_0: 7 };
const QUANTIZATION_VERSION = 2;

/**
 * The tuned model as one GGUF file, W + (α/R)·B·A in every matrix, as llama.cpp's convert_hf_to_gguf.py would write it.
 * @throws ExportError   @throws ModelError   @throws WeightsError   @throws TokenizerError
 * Source: github.com/ggml-org/llama.cpp, convert_hf_to_gguf.py; github.com/ggml-org/ggml, docs/gguf.md.
 */
export async function ggufModel(tuned: TunedModel, { type, name, tokenizer }: GgufOptions): Promise<StreamedFile> {
  const { source } = tuned;
  const weights = await openMerged(tuned);
  const tensors = planTensors(weights, type);
  const text = await tokenizerMetadata(source, tokenizer, weights.config.vocabSize);
  const metadata: GgufMetadata = [
    ['general.architecture', { type: 'string', value: architectureOf(weights.config) }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: name }],
    ...architectureMetadata(weights.config),
    ['general.file_type', { type: 'u32', value: FILE_TYPES[type] }],
    ['general.quantization_version', { type: 'u32', value: QUANTIZATION_VERSION }],
    ...text.metadata,
  ];
  const header = ggufHeader(metadata, tensors);
  return {
    name: `${name}-${type.toUpperCase()}.gguf`,
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes + padding(bytes), header.length),
    ...(text.notice === null ? {} : { notice: text.notice }),
    async *chunks() {
      yield header.slice();
      for (const tensor of tensors) {
        yield* tensorChunks(source, tensor);
        if (padding(tensor.bytes) > 0) yield new Uint8Array(padding(tensor.bytes));
      }
    },
  };
}

async function* tensorChunks(
  source: ModelSource,
  { name, type, from }: PlannedTensor,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (from.kind === 'values') return yield bytesOf(from.values.slice());
  const { tensor, turn } = from;
  const isVector = tensor.entry.shape.length === 1;
  const { columns } = isVector ? { columns: 1 } : matrixOf(tensor.entry);
  for await (const rows of mergedRows(source, tensor, isVector ? 1 : (turn?.headWidth ?? 1))) {
    const values = turn ? turned(rows, columns, turn) : rows;
    switch (type) {
      case 'F32':
        yield bytesOf(values);
        break;
      case 'F16':
        yield bytesOf(finiteHalves(values, name));
        break;
      case 'Q8_0':
        yield quantizeQ8(values, name);
        break;
    }
  }
}

/** Rows i and i + d/2 of every head next to each other. @param rows whole heads */
function turned(rows: Float32Array, columns: number, { headWidth }: HeadTurn): Float32Array {
  const result = new Float32Array(rows.length);
  for (const [inFile, inModel] of turnedRows(rows.length / columns, headWidth))
    result.set(rows.subarray(inModel * columns, (inModel + 1) * columns), inFile * columns);
  return result;
}
