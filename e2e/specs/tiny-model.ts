import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  vocab_size: 1024,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
};

/**
 * A model folder of one narrow layer with random weights and the most frequent quarter of the embedded model's tokens: quick
 * on any device. With all of them most of a step would be the head, which is as wide as there are tokens.
 */
export function writeTinyModel(folder: string, tokenizerFolder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(tokenizerFolder, 'tokenizer_config.json'), join(folder, 'tokenizer_config.json'));
  const tokenizer = JSON.parse(readFileSync(join(tokenizerFolder, 'tokenizer.json'), 'utf8'));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(firstTokens(tokenizer, config.vocab_size)));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'model.safetensors'), safetensors(tensors()));
}

interface BpeTokenizer {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: string[] };
}

/** A tokenizer of byte-level BPE learns its tokens from the most frequent on: its first ones are a tokenizer, too. */
function firstTokens(tokenizer: BpeTokenizer, count: number): BpeTokenizer {
  const kept = Object.entries(tokenizer.model.vocab).filter(([, id]) => id < count);
  const vocab = Object.fromEntries(kept);
  const merges = tokenizer.model.merges.filter((merge) => Object.hasOwn(vocab, merge.replace(' ', '')));
  return { ...tokenizer, model: { ...tokenizer.model, vocab, merges } };
}

function tensors(): Map<string, number[]> {
  const { hidden_size: width, intermediate_size: inner, vocab_size: vocabulary } = config;
  const layer = 'model.layers.0';
  return new Map([
    ['model.embed_tokens.weight', [vocabulary, width]],
    [`${layer}.input_layernorm.weight`, [width]],
    [`${layer}.self_attn.q_proj.weight`, [width, width]],
    [`${layer}.self_attn.k_proj.weight`, [width / 2, width]],
    [`${layer}.self_attn.v_proj.weight`, [width / 2, width]],
    [`${layer}.self_attn.o_proj.weight`, [width, width]],
    [`${layer}.post_attention_layernorm.weight`, [width]],
    [`${layer}.mlp.gate_proj.weight`, [inner, width]],
    [`${layer}.mlp.up_proj.weight`, [inner, width]],
    [`${layer}.mlp.down_proj.weight`, [width, inner]],
    ['model.norm.weight', [width]],
  ]);
}

/** F32; norms are one, matrices uniform from a fixed stream. */
function safetensors(shapes: Map<string, number[]>): Buffer {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  for (const [name, shape] of shapes) {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () =>
      shape.length === 1 ? 1 : 0.1 * random(),
    );
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    parts.push(Buffer.from(values.buffer));
    offset += values.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}
