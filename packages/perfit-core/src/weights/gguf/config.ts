import { shown } from '../shown.ts';
import { WeightsError } from '../weights-error.ts';
import type { GgufFile } from './gguf-file.ts';

/** Hugging Face's names of the architectures that are read, by llama.cpp's. */
const ARCHITECTURES: Readonly<Record<string, { readonly type: string; readonly className: string }>> = {
  llama: { type: 'llama', className: 'LlamaForCausalLM' },
  qwen2: { type: 'qwen2', className: 'Qwen2ForCausalLM' },
  qwen3: { type: 'qwen3', className: 'Qwen3ForCausalLM' },
};

/** What `rope_freqs.weight` divides the frequencies by; [d/2]. */
export type RopeFactors = Float32Array;

/**
 * config.json as Hugging Face would have it, of what a GGUF file says of its model. What cannot be followed stands in it as
 * well, so that it is refused by the name that it has there.
 * @param ropeFactors the tensor `rope_freqs.weight`, where there is one
 * @throws WeightsError where the file does not say what it must, or is of another architecture
 */
export function configOf(file: GgufFile, ropeFactors: RopeFactors | null): Record<string, unknown> {
  const { metadata, tensors } = file;
  const architecture = metadata.assertHas('general.architecture', metadata.string('general.architecture'));
  const known = ARCHITECTURES[architecture];
  if (!known) {
    const message = `${file.name} is of the architecture ${shown(architecture)}: llama, qwen2 and qwen3 can be read`;
    throw new WeightsError('weights-unsupported-architecture', message);
  }
  refuseOtherKinds(file);
  const at = (key: string) => `${architecture}.${key}`;
  const number = (key: string) => metadata.numberOfAllLayers(at(key));
  refuseScales(file, at);
  const needed = (key: string) => metadata.assertHas(at(key), number(key));
  const [width, heads] = [needed('embedding_length'), needed('attention.head_count')];
  const headWidth = number('attention.key_length') ?? width / heads;
  const turned = number('rope.dimension_count') ?? headWidth;
  const window = number('attention.sliding_window');
  const special = (name: string) => metadata.number(`tokenizer.ggml.${name}_token_id`);
  const has = (name: string) => tensors.has(name);
  return {
    architectures: [known.className],
    model_type: known.type,
    hidden_act: 'silu',
    vocab_size: vocabularySize(file),
    hidden_size: width,
    intermediate_size: needed('feed_forward_length'),
    num_hidden_layers: needed('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: number('attention.head_count_kv') ?? heads,
    head_dim: headWidth,
    max_position_embeddings: needed('context_length'),
    rms_norm_eps: needed('attention.layer_norm_rms_epsilon'),
    rope_theta: number('rope.freq_base') ?? 10_000,
    rope_scaling: ropeScaling(
      file,
      at,
      ropeFactors && { factors: ropeFactors, theta: number('rope.freq_base') ?? 10_000 },
    ),
    ...(turned === headWidth ? {} : { partial_rotary_factor: turned / headWidth }),
    ...(window ? { sliding_window: window, use_sliding_window: true } : {}),
    ...((number('expert_count') ?? 0) > 0 ? { num_experts: number('expert_count') } : {}),
    tie_word_embeddings: !has('output.weight'),
    ...(known.type === 'llama'
      ? { attention_bias: has('blk.0.attn_q.bias'), mlp_bias: has('blk.0.ffn_gate.bias') }
      : {}),
    bos_token_id: special('bos') ?? null,
    eos_token_id: special('eos') ?? null,
    pad_token_id: special('padding') ?? null,
  };
}

/** @throws WeightsError where the file is no whole model */
function refuseOtherKinds({ name, metadata }: GgufFile): void {
  const kind = metadata.string('general.type');
  if (kind !== undefined && kind !== 'model') {
    throw new WeightsError('weights-unsupported-architecture', `${name} is no model: it calls itself ${shown(kind)}`);
  }
  const parts = metadata.number('split.count') ?? 1;
  if (parts > 1) {
    const message = `${name} is one of ${parts} parts of a model: put together by llama.cpp's gguf-split they can be read`;
    throw new WeightsError('weights-unsupported-architecture', message);
  }
}

/** Factors that other architectures have, and that would change what is computed. @throws WeightsError */
function refuseScales({ name, metadata }: GgufFile, at: (key: string) => string): void {
  for (const key of ['logit_scale', 'embedding_scale', 'residual_scale', 'attention.scale'].map(at)) {
    const scale = metadata.number(key) ?? 0;
    if (scale === 0 || scale === 1) continue;
    throw new WeightsError('weights-unsupported-architecture', `${name} has ${key} ${scale}, which cannot be followed`);
  }
}

/** Rows of the embedding: some files say it in their metadata as well. */
function vocabularySize({ name, tensors }: GgufFile): number {
  const rows = tensors.get('token_embd.weight')?.shape[0];
  if (rows !== undefined) return rows;
  throw new WeightsError('weights-missing-tensor', `${name} has no tensor token_embd.weight`);
}

function ropeScaling(
  { metadata }: GgufFile,
  at: (key: string) => string,
  stretched: { readonly factors: RopeFactors; readonly theta: number } | null,
): Record<string, unknown> | null {
  const type = metadata.string(at('rope.scaling.type'));
  const linear = metadata.number(at('rope.scaling.factor')) ?? metadata.number(at('rope.scale_linear')) ?? 1;
  const isPlain = type === undefined || type === 'none' || (type === 'linear' && linear === 1);
  if (!isPlain) return { rope_type: type, factor: linear };
  if (type === undefined && linear !== 1) return { rope_type: 'linear', factor: linear };
  if (!stretched) return null;
  return llama3Rule(stretched) ?? { rope_type: 'factors', factors: [...stretched.factors] };
}

/** What every published Llama 3.1 and 3.2 has, but for the factor; rotary positions at first are 8,192. */
const LLAMA_3_RULE = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 } as const;

/**
 * The rule that the factors came of, under the name that transformers has for it; null where they came of another one.
 * Source: llama.cpp's converter from Hugging Face, `generate_extra_tensors` of Llama.
 */
function llama3Rule({ factors, theta }: { readonly factors: RopeFactors; readonly theta: number }) {
  const { low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: length } = LLAMA_3_RULE;
  const factor = Math.max(...factors);
  const ruled = (i: number) => {
    const wavelength = 2 * Math.PI * theta ** (i / factors.length);
    if (wavelength < length / high) return 1;
    if (wavelength > length / low) return factor;
    const smooth = (length / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  };
  const isRuled = factors.every((found, i) => Math.abs(found / ruled(i) - 1) < 1e-4);
  return isRuled && factor > 1 ? { rope_type: 'llama3', factor, ...LLAMA_3_RULE } : null;
}
