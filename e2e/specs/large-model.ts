import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { inForm } from '../../testing/form.ts';

/** Thirty layers tune for minutes where the graphics processor is emulated. */
const layers = inForm({ short: 2, long: 30 });
/** The head over all of it is most of a step that is emulated. */
const vocabulary = inForm({ short: 12_288, long: 49_152 });

/** SmolLM2-135M's, as its config.json has them. */
const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: layers,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: vocabulary,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100_000,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
};

const SHARDS = 4;

/** [name, shape] */
type Tensor = readonly [string, readonly number[]];

/**
 * A model folder of the shape of SmolLM2-135M in bf16, 270 MB in four shards (28 MB in the short form): random weights,
 * and the embedded model's tokenizer, whose ids are among its own.
 * @returns bytes of the weight files
 */
export function writeLargeModel(folder: string, tokenizerFolder: string): number {
  mkdirSync(folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(tokenizerFolder, name), join(folder, name));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const weightMap: Record<string, string> = {};
  let bytes = 0;
  shards().forEach((tensors, i) => {
    const file = `model-${String(i + 1).padStart(5, '0')}-of-0000${SHARDS}.safetensors`;
    for (const [name] of tensors) weightMap[name] = file;
    bytes += writeShard(join(folder, file), tensors);
  });
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  return bytes;
}

/** Bytes of the largest tensor: the embedding. */
export const largestTensorBytes = 2 * config.vocab_size * config.hidden_size;

function shards(): Tensor[][] {
  const { hidden_size: width, intermediate_size: inner } = config;
  const keys = (width / config.num_attention_heads) * config.num_key_value_heads;
  const block = (layer: number): Tensor[] => {
    const at = `model.layers.${layer}`;
    return [
      [`${at}.input_layernorm.weight`, [width]],
      [`${at}.mlp.down_proj.weight`, [width, inner]],
      [`${at}.mlp.gate_proj.weight`, [inner, width]],
      [`${at}.mlp.up_proj.weight`, [inner, width]],
      [`${at}.post_attention_layernorm.weight`, [width]],
      [`${at}.self_attn.k_proj.weight`, [keys, width]],
      [`${at}.self_attn.o_proj.weight`, [width, width]],
      [`${at}.self_attn.q_proj.weight`, [width, width]],
      [`${at}.self_attn.v_proj.weight`, [keys, width]],
    ];
  };
  const all = Array.from({ length: layers }, (_, layer) => block(layer));
  const perShard = Math.ceil(layers / (SHARDS - 1));
  return [
    [
      ['model.embed_tokens.weight', [config.vocab_size, width]],
      ['model.norm.weight', [width]],
    ],
    ...Array.from({ length: SHARDS - 1 }, (_, i) => all.slice(i * perShard, (i + 1) * perShard).flat()),
  ];
}

/** Norms are one; everything else is ±[2^-6, 2^-5). @returns bytes of the file */
function writeShard(path: string, tensors: readonly Tensor[]): number {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of tensors) {
    const start = end;
    end += 2 * shape.reduce((a, b) => a * b);
    header[name] = { dtype: 'BF16', shape, data_offsets: [start, end] };
  }
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = openSync(path, 'w');
  writeSync(file, length);
  writeSync(file, json);
  for (const [, shape] of tensors) {
    const numbers = shape.reduce((a, b) => a * b);
    writeSync(
      file,
      Buffer.from(shape.length === 1 ? new Uint16Array(numbers).fill(0x3f80).buffer : noise(numbers).buffer),
    );
  }
  closeSync(file);
  return 8 + json.length + end;
}

let state = 1;

function noise(numbers: number): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(numbers);
  for (let i = 0; i < numbers; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bits[i] = ((state >>> 16) & 0x807f) | (121 << 7);
  }
  return bits;
}
