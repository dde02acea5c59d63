import type { FederationConfigInput } from '@perfit/protocol';

/** A Llama-shaped model so small that a whole adapter fits into a few kilobytes. */
export const tinyModel = {
  model_type: 'llama',
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
};

/** Its layers. */
export const tinyDimensions = { layers: 1, width: 8, queryWidth: 8, keyValueWidth: 4, feedForwardWidth: 12 };

/** Rounds that close at two submissions. */
export const smallFederation: FederationConfigInput = {
  name: 'Small',
  model: 'tiny',
  lora: { rank: 2, targets: ['q_proj', 'down_proj'] },
  schedule: { rounds: 2, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 600 },
  wire: { dtype: 'f32' },
};
