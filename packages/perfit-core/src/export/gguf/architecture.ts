import { hasBias, type ModelConfig } from '../../model/config.ts';
import { ExportError } from '../export-error.ts';
import type { GgufMetadata, GgufValue } from './gguf-header.ts';

/** How llama.cpp knows a model of ours. */
export type GgufArchitecture = 'llama' | 'qwen2' | 'qwen3';

/** @throws ExportError `export-no-counterpart` where llama.cpp would compute something else, or refuse the file */
export function architectureOf(config: ModelConfig): GgufArchitecture {
  switch (config.modelType) {
    case 'llama':
    case 'mistral':
      return 'llama';
    case 'qwen2':
    case 'qwen3': {
      const { modelType } = config;
      const refuse = (field: string, what: string) =>
        new ExportError('export-no-counterpart', `A ${modelType} model with ${what} has no counterpart in GGUF.`, {
          field,
        });
      if (config.ropeScaling) throw refuse('rope_scaling', "llama3's RoPE scaling");
      if (hasBias(config, 'o_proj')) throw refuse('attention_bias', 'a bias on the attention output');
      if (hasBias(config, 'gate_proj')) throw refuse('mlp_bias', 'biases in the feed-forward layers');
      return modelType;
    }
  }
}

/** The part of the metadata that config.json decides, under the keys of llama.cpp's convert_hf_to_gguf.py. */
export function architectureMetadata(config: ModelConfig): GgufMetadata {
  const architecture = architectureOf(config);
  const u32 = (value: number): GgufValue => ({ type: 'u32', value });
  const f32 = (value: number): GgufValue => ({ type: 'f32', value });
  const entries: [string, GgufValue][] = [
    ['block_count', u32(config.layers)],
    ['context_length', u32(config.contextLength)],
    ['embedding_length', u32(config.width)],
    ['feed_forward_length', u32(config.feedForwardWidth)],
    ['attention.head_count', u32(config.heads)],
    ['attention.head_count_kv', u32(config.keyHeads)],
    ['rope.freq_base', f32(config.ropeTheta)],
    ['attention.layer_norm_rms_epsilon', f32(config.normEpsilon)],
  ];
  if (config.headWidth * config.heads !== config.width) {
    entries.push(['attention.key_length', u32(config.headWidth)], ['attention.value_length', u32(config.headWidth)]);
  }
  if (architecture === 'llama') {
    entries.push(['vocab_size', u32(config.vocabSize)], ['rope.dimension_count', u32(config.headWidth)]);
  }
  return entries.map(([key, value]) => [`${architecture}.${key}`, value]);
}
