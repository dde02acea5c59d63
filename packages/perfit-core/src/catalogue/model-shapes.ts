import { PUBLISHED_CONFIGS } from './published-configs.ts';

/** Shapes that are measured, by config alone. */
export const MODEL_SHAPES = {
  nano: {
    model_type: 'llama',
    hidden_size: 128,
    intermediate_size: 352,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 4096,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
  },
  'smollm2-135m': PUBLISHED_CONFIGS['smollm2-135m'],
  'smollm2-360m': PUBLISHED_CONFIGS['smollm2-360m'],
  'qwen3-0.6b': PUBLISHED_CONFIGS['qwen3-0.6b'],
} as const satisfies Record<string, Readonly<Record<string, unknown>>>;

export type ModelShape = keyof typeof MODEL_SHAPES;
