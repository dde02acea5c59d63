import { describe, expect, it } from 'vitest';
import { PUBLISHED_CONFIGS } from '../src/catalogue/published-configs.ts';
import { parseModelConfig } from '../src/model/config.ts';
import { ModelError } from '../src/model/model-error.ts';

/** Of a published config.json what makes it the model that it is. */
type Config = Readonly<Record<string, unknown>>;

const llama: Config = PUBLISHED_CONFIGS['tinyllama-1.1b'];
const qwen2: Config = PUBLISHED_CONFIGS['qwen2.5-0.5b'];
const qwen3: Config = PUBLISHED_CONFIGS['qwen3-0.6b'];

const mistral7b: Config = {
  model_type: 'mistral',
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14_336,
  max_position_embeddings: 32_768,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 1e6,
  sliding_window: null,
  tie_word_embeddings: false,
  vocab_size: 32_768,
};

describe('configs that people bring', () => {
  it.each<[string, Config]>([
    ['Mistral 7B Instruct v0.3', mistral7b],
    [
      'a Qwen2.5 fine-tune',
      { ...qwen2, architectures: ['Qwen2ForCausalLM'], torch_dtype: 'float32', use_cache: false },
    ],
    [
      'DeepSeek-R1-Distill-Qwen-1.5B',
      {
        ...qwen2,
        hidden_size: 1536,
        intermediate_size: 8960,
        num_attention_heads: 12,
        num_hidden_layers: 28,
        use_mrope: false,
        tie_word_embeddings: false,
      },
    ],
    [
      'Qwen3 with its layer types written out',
      { ...qwen3, layer_types: Array.from({ length: 28 }, () => 'full_attention'), dtype: 'bfloat16' },
    ],
    [
      'a Llama of transformers 5',
      {
        ...llama,
        rope_theta: undefined,
        rope_scaling: undefined,
        rope_parameters: { rope_theta: 10_000, rope_type: 'default' },
      },
    ],
    ['Llama 2, whose heads share nothing', { ...llama, num_key_value_heads: undefined }],
    [
      'a SmolLM2 as saved by its authors',
      {
        ...PUBLISHED_CONFIGS['smollm2-135m'],
        is_llama_config: true,
        rope_interleaved: false,
        'transformers.js_config': { kv_cache_dtype: { q4f16: 'float16' } },
      },
    ],
  ])('follows %s', (_name, config) => {
    expect(() => parseModelConfig(JSON.stringify(config))).not.toThrow();
  });

  it.each<[string, Config, ModelError['code'], RegExp]>([
    [
      'Gemma 2',
      {
        ...llama,
        model_type: 'gemma2',
        hidden_activation: 'gelu_pytorch_tanh',
        attn_logit_softcapping: 50,
        sliding_window: 4096,
      },
      'model-unsupported-architecture',
      /model_type "gemma2".*llama, mistral, qwen2 and qwen3/,
    ],
    [
      'Gemma 3',
      { ...llama, model_type: 'gemma3_text', rope_local_base_freq: 10_000 },
      'model-unsupported-architecture',
      /model_type "gemma3_text"/,
    ],
    [
      'Phi-3',
      { ...llama, model_type: 'phi3', rope_scaling: { type: 'longrope' } },
      'model-unsupported-architecture',
      /model_type "phi3"/,
    ],
    ['GPT-2', { model_type: 'gpt2', n_embd: 768, n_layer: 12 }, 'model-unsupported-architecture', /model_type "gpt2"/],
    [
      'SmolLM3',
      { ...llama, model_type: 'smollm3', no_rope_layers: [1, 1, 1, 0] },
      'model-unsupported-architecture',
      /model_type "smollm3"/,
    ],
    [
      'Mixtral',
      { ...mistral7b, model_type: 'mixtral', num_local_experts: 8 },
      'model-unsupported-architecture',
      /model_type "mixtral"/,
    ],
    [
      'Qwen1.5-MoE',
      { ...qwen2, model_type: 'qwen2_moe', num_experts: 60 },
      'model-unsupported-architecture',
      /model_type "qwen2_moe"/,
    ],
    [
      'DeepSeek V3',
      { ...llama, model_type: 'deepseek_v3', kv_lora_rank: 512 },
      'model-unsupported-architecture',
      /model_type "deepseek_v3"/,
    ],
    [
      'LLaVA',
      { model_type: 'llava', text_config: llama, vision_config: { model_type: 'clip_vision_model' } },
      'model-unsupported-architecture',
      /model_type "llava".*other parts beside its text_config/,
    ],
    [
      'SmolVLM',
      { model_type: 'idefics3', text_config: PUBLISHED_CONFIGS['smollm2-135m'], vision_config: {} },
      'model-unsupported-architecture',
      /model_type "idefics3"/,
    ],
    [
      'Qwen2-VL',
      { ...qwen2, model_type: 'qwen2_vl', rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] } },
      'model-unsupported-architecture',
      /model_type "qwen2_vl"/,
    ],
    [
      'Mistral 7B v0.1',
      { ...mistral7b, sliding_window: 4096 },
      'model-unsupported-field',
      /^sliding_window 4096 is not supported/,
    ],
    [
      'Qwen2 with windows',
      { ...qwen2, use_sliding_window: true },
      'model-unsupported-field',
      /^sliding_window 32768 is not supported/,
    ],
    [
      'a Qwen3 of mixed layers',
      { ...qwen3, layer_types: ['full_attention', 'linear_attention'] },
      'model-unsupported-field',
      /^layer_types .* is not supported: only full_attention is/,
    ],
    [
      'Qwen2.5 with YaRN',
      { ...qwen2, rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 32_768 } },
      'model-unsupported-field',
      /^rope_scaling of type "yarn" is not supported/,
    ],
    [
      'a Llama with linear scaling',
      { ...llama, rope_scaling: { type: 'linear', factor: 4 } },
      'model-unsupported-field',
      /^rope_scaling of type "linear"/,
    ],
    [
      'a Llama with dynamic scaling',
      { ...llama, rope_scaling: { rope_type: 'dynamic', factor: 2 } },
      'model-unsupported-field',
      /^rope_scaling of type "dynamic"/,
    ],
    [
      'rope_parameters for each kind of layer',
      { ...qwen3, rope_parameters: { full_attention: { rope_type: 'default' } } },
      'model-unsupported-field',
      /^rope_parameters of type nothing/,
    ],
    [
      'GPTQ weights',
      {
        ...llama,
        quantization_config: {
          bits: 4,
          group_size: 128,
          quant_method: 'gptq',
          desc_act: true,
          sym: true,
          true_sequential: true,
        },
      },
      'model-unsupported-field',
      /^quantization_config \{"bits":4.{1,60}… is not supported: weights must be F32, F16 or BF16\.$/,
    ],
    [
      'AWQ weights',
      { ...qwen2, quantization_config: { quant_method: 'awq', bits: 4 } },
      'model-unsupported-field',
      /^quantization_config \{"quant_method":"awq"/,
    ],
    [
      'a Llama with another activation',
      { ...llama, hidden_act: 'gelu_new' },
      'model-unsupported-field',
      /^hidden_act "gelu_new"/,
    ],
    [
      'half-turned heads',
      { ...llama, partial_rotary_factor: 0.5 },
      'model-unsupported-field',
      /^partial_rotary_factor 0\.5/,
    ],
    [
      'a config without a type',
      { ...llama, model_type: undefined },
      'model-unsupported-architecture',
      /^config\.json has no model_type/,
    ],
    [
      'a config without a width',
      { ...llama, hidden_size: undefined },
      'model-invalid-config',
      /^config\.json has no hidden_size\.$/,
    ],
    [
      'a config without a vocabulary',
      { ...qwen3, vocab_size: null },
      'model-invalid-config',
      /^config\.json has no vocab_size\.$/,
    ],
    [
      'heads that do not divide the width',
      { ...llama, hidden_size: 2050 },
      'model-invalid-config',
      /^head_dim 64\.0625 in config\.json is not a positive whole number\.$/,
    ],
    [
      'an adapter instead of a model',
      { peft_type: 'LORA', r: 16, base_model_name_or_path: 'x' },
      'model-unsupported-architecture',
      /no model_type/,
    ],
  ])('refuses %s with a sentence that names what it is', (_name, config, code, sentence) => {
    let thrown: unknown;
    try {
      parseModelConfig(JSON.stringify(config));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ModelError);
    expect(thrown).toMatchObject({ code, message: expect.stringMatching(sentence) });
  });
});
