import { buildLayout, PROJECTIONS } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { asFolder, collect, randomAdapter, watched } from '../../../test/exported.ts';
import { readGguf } from '../../../test/gguf-file.ts';
import { readText } from '../../../test/model-folders.ts';
import { memorySource, safetensorsBytes, type TinyOptions, tinyModel } from '../../../test/tiny-models.ts';
import { dimensions, inverseFrequencies, parseModelConfig } from '../../model/config.ts';
import { loadTokenizer } from '../../text/tokenizer.ts';
import { openWeights } from '../../weights/safetensors-reader.ts';
import type { ModelSource } from '../../weights/source.ts';
import { readTensor } from '../../weights/tensor-values.ts';
import { mergedModel } from '../merge.ts';
import { SLAB_BYTES } from '../merged-weights.ts';
import { ggufModel } from './gguf-model.ts';

const VOCABULARY = 4100;

/** A tiny model that speaks the embedded model's tokens, and some more that nobody knows. */
function folderOf(
  { config, ...options }: TinyOptions,
  more: Record<string, object> = {},
): Record<string, string | Uint8Array> {
  const fields = { vocab_size: VOCABULARY, hidden_size: 64, intermediate_size: 72, bos_token_id: 0, ...config };
  const tiny = tinyModel({ ...options, config: fields });
  return {
    'config.json': JSON.stringify(tiny.config),
    'model.safetensors': safetensorsBytes({ ...tiny.tensors, ...(more as typeof tiny.tensors) }),
    'tokenizer.json': readText('perfitNano', 'tokenizer.json') as string,
    'tokenizer_config.json': readText('perfitNano', 'tokenizer_config.json') as string,
    'generation_config.json': readText('perfitNano', 'generation_config.json') as string,
  };
}

async function tuned(source: ModelSource) {
  const config = parseModelConfig(await source.text('config.json'));
  const layout = buildLayout(dimensions(config), { rank: 4, alpha: 8, targets: PROJECTIONS });
  return { source, adapter: { layout, theta: randomAdapter(layout, 4).theta } };
}

async function written(source: ModelSource, type: 'f16' | 'q8_0') {
  const tokenizer = await loadTokenizer(source);
  return collect(await ggufModel(await tuned(source), { type, name: 'my-model', tokenizer }));
}

const ropeScaling = {
  rope_type: 'llama3',
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 32,
};

const KINDS: readonly [string, TinyOptions, { architecture: string; more: Record<string, unknown> }][] = [
  [
    'Llama, untied, with biases and llama3 frequencies',
    { seed: 1, config: { attention_bias: true, mlp_bias: true, rope_scaling: ropeScaling } },
    { architecture: 'llama', more: { 'llama.vocab_size': VOCABULARY, 'llama.rope.dimension_count': 16 } },
  ],
  [
    'Llama, tied and stored as lm_head.weight only, with a head_dim of its own',
    { seed: 2, head: 'tied-as-head', config: { head_dim: 8, num_key_value_heads: 1 } },
    {
      architecture: 'llama',
      more: { 'llama.attention.key_length': 8, 'llama.attention.value_length': 8, 'llama.rope.dimension_count': 8 },
    },
  ],
  [
    'Qwen2',
    { seed: 3, head: 'tied', config: { model_type: 'qwen2', rope_theta: 1e6 } },
    { architecture: 'qwen2', more: {} },
  ],
  [
    'Qwen3',
    { seed: 4, config: { model_type: 'qwen3', head_dim: 32 } },
    { architecture: 'qwen3', more: { 'qwen3.attention.key_length': 32, 'qwen3.attention.value_length': 32 } },
  ],
];

describe.each(KINDS)('a GGUF file of %s', (_, options, { architecture, more }) => {
  const source = memorySource(folderOf(options));

  it.each([
    ['f16', 1],
    ['q8_0', 7],
  ] as const)('%s: says what the model is, and holds the merged weights', async (type, fileType) => {
    const { metadata, tensors } = await readGguf(await written(source, type));
    const config = parseModelConfig(await source.text('config.json'));
    const { version, tensor_count, kv_count, ...said } = metadata;
    expect([version, Number(tensor_count)]).toEqual([3, tensors.size]);
    expect(said).toMatchObject({
      'general.architecture': architecture,
      'general.name': 'my-model',
      'general.file_type': fileType,
      'general.quantization_version': 2,
      [`${architecture}.block_count`]: 2,
      [`${architecture}.context_length`]: 64,
      [`${architecture}.embedding_length`]: 64,
      [`${architecture}.feed_forward_length`]: 72,
      [`${architecture}.attention.head_count`]: config.heads,
      [`${architecture}.attention.head_count_kv`]: config.keyHeads,
      [`${architecture}.attention.layer_norm_rms_epsilon`]: Math.fround(1e-5),
      [`${architecture}.rope.freq_base`]: config.ropeTheta,
      ...more,
    });

    const merged = await asFolder(await mergedModel(await tuned(source), { dtype: 'F32' }));
    const { entries } = await openWeights(merged);
    const isRopeScaled = config.ropeScaling !== null;
    expect(tensors.size).toBe(entries.size + (isRopeScaled ? 1 : 0));
    for (const [name, entry] of entries) {
      const place = placeOf(name, config.tiedHead);
      const found = tensors.get(place);
      expect(found?.shape, place).toEqual(entry.shape);
      const columns = entry.shape.at(-1) as number;
      expect(found?.type, place).toBe(
        entry.shape.length === 1 ? 'F32' : type === 'f16' || columns % 32 ? 'F16' : 'Q8_0',
      );
      const values = await readTensor(merged, entry);
      const isTurned = architecture === 'llama' && /attn_[qk]\./.test(place);
      const wanted = isTurned ? pairedRows(values, config.headWidth, entry.shape.length === 1 ? 1 : columns) : values;
      expectWithinRounding(found?.values as Float32Array, wanted, { type: found?.type as string, place });
    }
    if (isRopeScaled) {
      const plain = inverseFrequencies({ ...config, ropeScaling: null });
      const factors = tensors.get('rope_freqs.weight')?.values as Float32Array;
      expect(factors.length).toBe(config.headWidth / 2);
      inverseFrequencies(config).forEach((frequency, i) => {
        expect((plain[i] as number) / (factors[i] as number)).toBeCloseTo(frequency, 6);
      });
      expect(factors[0]).toBe(1);
      expect(factors.at(-1)).toBe(32);
    }
  });
});

/** The names that llama.cpp's converter gives, from its table. */
function placeOf(name: string, tiedHead: boolean): string {
  const parts: Record<string, string> = {
    input_layernorm: 'attn_norm',
    post_attention_layernorm: 'ffn_norm',
    'self_attn.q_norm': 'attn_q_norm',
    'self_attn.k_norm': 'attn_k_norm',
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
  };
  const inBlock = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (inBlock) return `blk.${inBlock[1]}.${parts[inBlock[2] as string]}.${inBlock[3]}`;
  if (name === 'model.norm.weight') return 'output_norm.weight';
  return name === 'model.embed_tokens.weight' || tiedHead ? 'token_embd.weight' : 'output.weight';
}

/** Feature i of a head's first half comes to 2i, of its second to 2i + 1. */
function pairedRows(values: Float32Array, headWidth: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const feature = row % headWidth;
    const half = headWidth / 2;
    const to = feature < half ? 2 * feature : 2 * (feature - half) + 1;
    result[(row - feature + to) * columns + column] = values[at] as number;
  }
  return result;
}

function expectWithinRounding(
  found: Float32Array,
  wanted: Float32Array,
  { type, place }: { type: string; place: string },
) {
  expect(found.length).toBe(wanted.length);
  const worst = { excess: 0, at: -1 };
  wanted.forEach((value, i) => {
    const block = wanted.subarray(i - (i % 32), i - (i % 32) + 32);
    const greatest = block.reduce((most, other) => Math.max(most, Math.abs(other)), 0);
    const bound =
      type === 'F32' ? 0 : type === 'F16' ? Math.abs(value) * 2 ** -11 + 2 ** -25 : greatest * (1 / 253 + 2 ** -11);
    const excess = Math.abs((found[i] as number) - value) - bound;
    if (excess > worst.excess) Object.assign(worst, { excess, at: i });
  });
  expect(worst, place).toEqual({ excess: 0, at: -1 });
}

describe('a GGUF file', () => {
  it('is read a slab at a time, whole heads of q and k together', async () => {
    const folder = memorySource(
      folderOf({
        seed: 1,
        config: { hidden_size: 1024, num_attention_heads: 16, num_key_value_heads: 16, num_hidden_layers: 1 },
      }),
    );
    const asked: number[] = [];
    const source = watched(folder, (name, bytes) => {
      if (name === 'model.safetensors') asked.push(bytes);
    });
    const file = await ggufModel(
      { source, adapter: null },
      { type: 'q8_0', name: 'wide', tokenizer: await loadTokenizer(source) },
    );
    asked.length = 0;
    await collect(file);
    expect(Math.max(...asked)).toBeLessThanOrEqual(SLAB_BYTES);
    expect(asked.filter((bytes) => bytes === SLAB_BYTES).length).toBeGreaterThan(5);
  });

  it.each([
    [
      'a Qwen2 with scaled RoPE',
      { seed: 1, config: { model_type: 'qwen2', rope_scaling: ropeScaling } },
      /llama3's RoPE scaling/,
    ],
    [
      'a Qwen3 with biases',
      { seed: 1, config: { model_type: 'qwen3', attention_bias: true } },
      /bias on the attention output/,
    ],
    ['a Qwen2 with feed-forward biases', { seed: 1, config: { model_type: 'qwen2', mlp_bias: true } }, /feed-forward/],
  ] as const)('is refused for %s', async (_, options, says) => {
    const source = memorySource(folderOf(options));
    const tokenizer = await loadTokenizer(source);
    const refused = ggufModel({ source, adapter: null }, { type: 'f16', name: 'x', tokenizer });
    await expect(refused).rejects.toMatchObject({ code: 'export-no-counterpart', message: says });
  });

  it('is refused where a tensor would be lost, but for the frequencies of old files', async () => {
    const extra = { shape: [1], values: Float32Array.of(1) };
    const writing = async (name: string) => {
      const source = memorySource(folderOf({ seed: 1 }, { [name]: extra }));
      return ggufModel({ source, adapter: null }, { type: 'f16', name: 'x', tokenizer: await loadTokenizer(source) });
    };
    await expect(writing('model.layers.0.self_attn.sinks')).rejects.toMatchObject({
      code: 'export-no-counterpart',
      message: /sinks/,
    });
    await expect(writing('model.layers.0.self_attn.rotary_emb.inv_freq')).resolves.toBeDefined();
  });

  it('is refused for an architecture that is not known', async () => {
    const source = memorySource({ ...folderOf({ seed: 1 }), 'config.json': '{"model_type":"gpt_neox"}' });
    const refused = ggufModel(
      { source, adapter: null },
      { type: 'f16', name: 'x', tokenizer: await loadTokenizer(source) },
    );
    await expect(refused).rejects.toMatchObject({ code: 'model-unsupported-architecture', message: /gpt_neox/ });
  });
});
