import { PROJECTIONS, type Projection } from '@perfit/protocol/space';

/** What llama.cpp calls the projections of a block. */
export const PROJECTION_NAMES: Readonly<Record<Projection, string>> = {
  q_proj: 'attn_q',
  k_proj: 'attn_k',
  v_proj: 'attn_v',
  o_proj: 'attn_output',
  gate_proj: 'ffn_gate',
  up_proj: 'ffn_up',
  down_proj: 'ffn_down',
};

/** The parts of a block by their names in GGUF, with Hugging Face's. */
const BLOCK_PARTS: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ...Object.fromEntries(
    PROJECTIONS.map((projection) => {
      const name = PROJECTION_NAMES[projection];
      return [name, `${name.startsWith('attn') ? 'self_attn' : 'mlp'}.${projection}`];
    }),
  ),
};

const WHOLE: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

/** @returns Hugging Face's name of a tensor of a GGUF file; null where it has none */
export function huggingFaceName(name: string): string | null {
  const [, layer, part, kind] = name.match(/^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/) ?? [];
  if (part === undefined) return null;
  const within = layer === undefined ? WHOLE[part] : BLOCK_PARTS[part];
  if (within === undefined) return null;
  return `${layer === undefined ? '' : `model.layers.${layer}.`}${within}.${kind}`;
}
