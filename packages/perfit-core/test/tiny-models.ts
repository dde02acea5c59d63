import { gaussian, seededRandom } from '@perfit/protocol/space';
import type { ModelSource } from '../src/weights/source.ts';
import { WeightsError } from '../src/weights/weights-error.ts';

export interface TinyTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A random model of the Llama family as its files hold it: config.json's fields, and tensors by name. */
export interface TinyModel {
  readonly config: Record<string, unknown>;
  readonly tensors: Record<string, TinyTensor>;
}

export interface TinyOptions {
  readonly seed: number;
  /** Fields of config.json on top of those of a plain Llama with two layers. */
  readonly config?: Record<string, unknown>;
  /** How the head is stored: untied as a rule; `tied-as-head` has the one matrix under the head's name. */
  readonly head?: 'untied' | 'tied' | 'tied-as-head';
}

export function tinyModel({ seed, config: fields = {}, head = 'untied' }: TinyOptions): TinyModel {
  const config: Record<string, unknown> = {
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 23,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: head !== 'untied',
    ...fields,
  };
  const random = seededRandom(seed);
  const tensors: Record<string, TinyTensor> = {};
  const add = (name: string, shape: number[], [mean, spread]: [number, number]) => {
    const size = shape.reduce((product, width) => product * width, 1);
    tensors[name] = { shape, values: Float32Array.from({ length: size }, () => mean + spread * gaussian(random)) };
  };
  const [width, heads, keyHeads] = [config.hidden_size, config.num_attention_heads, config.num_key_value_heads] as [
    number,
    number,
    number,
  ];
  const [forward, vocabulary] = [config.intermediate_size, config.vocab_size] as [number, number];
  const headWidth = (config.head_dim as number | undefined) ?? width / heads;
  const qkvBias = config.model_type === 'qwen2' || config.attention_bias === true;
  const linear = (name: string, [out, input]: [number, number], hasBias: boolean) => {
    add(`${name}.weight`, [out, input], [0, 0.6 / Math.sqrt(input)]);
    if (hasBias) add(`${name}.bias`, [out], [0, 0.3]);
  };
  if (head !== 'tied-as-head') add('model.embed_tokens.weight', [vocabulary, width], [0, 1]);
  for (let layer = 0; layer < (config.num_hidden_layers as number); layer++) {
    const at = `model.layers.${layer}`;
    add(`${at}.input_layernorm.weight`, [width], [1, 0.2]);
    linear(`${at}.self_attn.q_proj`, [heads * headWidth, width], qkvBias);
    linear(`${at}.self_attn.k_proj`, [keyHeads * headWidth, width], qkvBias);
    linear(`${at}.self_attn.v_proj`, [keyHeads * headWidth, width], qkvBias);
    linear(`${at}.self_attn.o_proj`, [width, heads * headWidth], config.attention_bias === true);
    if (config.model_type === 'qwen3') {
      add(`${at}.self_attn.q_norm.weight`, [headWidth], [1, 0.2]);
      add(`${at}.self_attn.k_norm.weight`, [headWidth], [1, 0.2]);
    }
    add(`${at}.post_attention_layernorm.weight`, [width], [1, 0.2]);
    linear(`${at}.mlp.gate_proj`, [forward, width], config.mlp_bias === true);
    linear(`${at}.mlp.up_proj`, [forward, width], config.mlp_bias === true);
    linear(`${at}.mlp.down_proj`, [width, forward], config.mlp_bias === true);
  }
  add('model.norm.weight', [width], [1, 0.2]);
  if (head !== 'tied') add('lm_head.weight', [vocabulary, width], [0, 0.5]);
  return { config, tensors };
}

/** The bytes of an F32 safetensors file. */
export function safetensorsBytes(tensors: Record<string, TinyTensor>): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const values = new Uint8Array(offset);
  let next = 0;
  for (const tensor of Object.values(tensors)) {
    values.set(new Uint8Array(tensor.values.buffer, tensor.values.byteOffset, tensor.values.byteLength), next);
    next += tensor.values.byteLength;
  }
  return withHeader(JSON.stringify(header), values);
}

export function withHeader(header: string, values: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + values.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(values, 8 + text.length);
  return bytes;
}

/** A folder in memory. */
export function memorySource(files: Record<string, string | Uint8Array>): ModelSource {
  const bytesOf = (name: string): Uint8Array => {
    const content = files[name];
    if (content === undefined) throw new WeightsError('weights-missing-file', `the folder has no file ${name}`);
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  return {
    describe: () => 'the folder',
    has: async (name) => files[name] !== undefined,
    text: async (name) => new TextDecoder().decode(bytesOf(name)),
    size: async (name) => bytesOf(name).length,
    async range(name, start, end) {
      const bytes = bytesOf(name);
      if (end > bytes.length) throw new WeightsError('weights-truncated', `${name} ends before byte ${end}`);
      return bytes.slice(start, end);
    },
  };
}

export function tinySource({ config, tensors }: TinyModel): ModelSource {
  return memorySource({ 'config.json': JSON.stringify(config), 'model.safetensors': safetensorsBytes(tensors) });
}
