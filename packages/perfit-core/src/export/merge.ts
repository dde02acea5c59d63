import type { ModelConfig } from '../model/config.ts';
import { isBlockType } from '../weights/gguf/tensor-types.ts';
import { narrowToBfloat16, safetensorsHeader } from '../weights/safetensors-writer.ts';
import type { ModelSource } from '../weights/source.ts';
import type { FloatDtype } from '../weights/tensor-values.ts';
import { ExportError } from './export-error.ts';
import { bytesOf, finiteHalves } from './halves.ts';
import { copiedBytes, type MergedTensor, mergedRows, openMerged, type TunedModel } from './merged-weights.ts';
import { type StreamedFile, wholeFile } from './streamed-file.ts';

export interface MergeOptions {
  /** Of every tensor; absent, each keeps its own, and what does not change is copied bit for bit. Quantized ones become F16. */
  readonly dtype?: FloatDtype;
}

/** Beside the weights, where the base model has them. */
const COMPANIONS = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.model',
  'vocab.json',
  'merges.txt',
  'LICENSE',
] as const;

/**
 * The tuned model as a folder of its own, without an adapter: W + (α/R)·B·A in one `model.safetensors`, rounded to
 * nearest even where the type is narrower than float32, with config.json and the tokenizer's files.
 * @throws ExportError   @throws ModelError   @throws WeightsError
 */
export async function mergedModel(tuned: TunedModel, options: MergeOptions = {}): Promise<readonly StreamedFile[]> {
  const { source } = tuned;
  const { config: parsed, tensors } = await openMerged(tuned);
  refuseFactors(parsed);
  const planned = [...tensors.values()].map((tensor) => plan(tensor, options));
  // Wide types first, so that every tensor lies at a multiple of its values' width.
  planned.sort((a, b) => b.width - a.width || (a.name < b.name ? -1 : 1));
  const config = withDtype(await source.text('config.json'), prevailing(planned));
  const names = await present(source, COMPANIONS);
  const companions = await Promise.all(names.map((name) => companion(source, name)));
  return [wholeFile('config.json', config), ...companions, weightsFile(source, planned)];
}

/** What a GGUF file says of RoPE; transformers has no name for it. */
function refuseFactors({ ropeScaling }: ModelConfig): void {
  if (!ropeScaling || !('factors' in ropeScaling)) return;
  const message =
    'This model stretches RoPE by factors of its GGUF file, which transformers has no name for: export it as GGUF.';
  throw new ExportError('export-no-counterpart', message, { field: 'rope_scaling' });
}

interface PlannedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Of one value, in bytes. */
  readonly width: number;
  readonly bytes: number;
  readonly tensor: MergedTensor;
  /** Nothing of it changes. */
  readonly isCopied: boolean;
}

const FLOAT_BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

function plan(tensor: MergedTensor, { dtype: wanted }: MergeOptions): PlannedTensor {
  const { name, shape, dtype: own, start, end } = tensor.entry;
  const values = shape.reduce((product, length) => product * length, 1);
  const ownWidth = values === 0 ? 1 : (end - start) / values;
  // Blocks cannot hold what is added to them.
  const kept = isBlockType(own) ? 'F16' : own;
  const dtype = kept in FLOAT_BYTES ? (wanted ?? kept) : own;
  const width = FLOAT_BYTES[dtype] ?? ownWidth;
  const isCopied = tensor.change === null && dtype === own && tensor.entry.headTurn === undefined;
  return { name, dtype, shape, width, bytes: values * width, tensor, isCopied };
}

function weightsFile(source: ModelSource, planned: readonly PlannedTensor[]): StreamedFile {
  const header = safetensorsHeader(planned);
  return {
    name: 'model.safetensors',
    bytes: planned.reduce((sum, { bytes }) => sum + bytes, header.length),
    async *chunks() {
      yield header.slice();
      for (const one of planned) {
        if (one.isCopied) yield* copiedBytes(source, one.tensor.entry);
        else for await (const values of mergedRows(source, one.tensor)) yield asBytes(values, one);
      }
    },
  };
}

function asBytes(values: Float32Array, { name, dtype }: PlannedTensor): Uint8Array<ArrayBuffer> {
  if (dtype === 'F32') return bytesOf(values);
  return bytesOf(dtype === 'F16' ? finiteHalves(values, name) : narrowToBfloat16(values));
}

/** The type of most of the model's bytes. */
function prevailing(planned: readonly PlannedTensor[]): string {
  const byType = new Map<string, number>();
  for (const { dtype, bytes } of planned) byType.set(dtype, (byType.get(dtype) ?? 0) + bytes);
  const [most] = [...byType].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? 'F32';
}

/** config.json, with the type under the name that transformers knew first, and under its newer one where it is used. */
function withDtype(json: string, dtype: string): string {
  const fields = JSON.parse(json) as Record<string, unknown>;
  const name = dtype === 'F32' ? 'float32' : dtype === 'F16' ? 'float16' : 'bfloat16';
  const both = 'dtype' in fields ? { dtype: name, torch_dtype: name } : { torch_dtype: name };
  return `${JSON.stringify({ ...fields, ...ropeAsBefore(fields), ...both }, null, 2)}\n`;
}

/** What transformers 5 writes in `rope_parameters`, where 4 looks for it. */
function ropeAsBefore({ rope_parameters: parameters }: Record<string, unknown>): Record<string, unknown> {
  if (typeof parameters !== 'object' || parameters === null) return {};
  const { rope_theta: theta, rope_type: type = 'default', ...more } = parameters as Record<string, unknown>;
  return {
    ...(theta === undefined ? {} : { rope_theta: theta }),
    rope_scaling: type === 'default' ? null : { rope_type: type, ...more },
  };
}

async function present(source: ModelSource, names: readonly string[]): Promise<readonly string[]> {
  const has = await Promise.all(names.map((name) => source.has(name)));
  return names.filter((_, i) => has[i]);
}

async function companion(source: ModelSource, name: string): Promise<StreamedFile> {
  const bytes = await source.size(name);
  return { name, bytes, chunks: () => copiedBytes(source, { file: name, start: 0, end: bytes }) };
}
