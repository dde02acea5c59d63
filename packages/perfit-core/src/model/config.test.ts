import { describe, expect, it } from 'vitest';
import { MODEL_KINDS } from '../../test/model-contract.ts';
import { tinyModel } from '../../test/tiny-models.ts';
import { parameterCount, parseModelConfig } from './config.ts';
import { ModelError } from './model-error.ts';

const plain = tinyModel({ seed: 1 }).config;
const parse = (fields: Record<string, unknown>) => parseModelConfig(JSON.stringify({ ...plain, ...fields }));

describe('parseModelConfig', () => {
  it('reads a plain Llama', () => {
    expect(parse({})).toEqual({
      modelType: 'llama',
      layers: 2,
      width: 16,
      heads: 4,
      keyHeads: 2,
      headWidth: 4,
      feedForwardWidth: 24,
      vocabSize: 23,
      contextLength: 64,
      normEpsilon: 1e-5,
      ropeTheta: 10000,
      ropeScaling: null,
      tiedHead: false,
      attentionBias: 'none',
      feedForwardBias: false,
      queryKeyNorm: false,
    });
  });

  it('reads rope_parameters as newer versions write them', () => {
    const { ropeTheta, ropeScaling } = parse({
      rope_theta: undefined,
      rope_parameters: { rope_type: 'default', rope_theta: 5e5 },
    });
    expect([ropeTheta, ropeScaling]).toEqual([5e5, null]);
  });

  it('takes rope_parameters without a type for the plain ones, as transformers does', () => {
    const { ropeTheta, ropeScaling } = parse({ rope_theta: undefined, rope_parameters: { rope_theta: 5e5 } });
    expect([ropeTheta, ropeScaling]).toEqual([5e5, null]);
  });

  it.each([
    [{ model_type: 'gpt2' }, 'model-unsupported-architecture', /model_type "gpt2"/],
    [{ model_type: undefined }, 'model-unsupported-architecture', /model_type/],
    [{ hidden_act: 'gelu' }, 'model-unsupported-field', /hidden_act "gelu"/],
    [{ rope_scaling: { type: 'yarn', factor: 4 } }, 'model-unsupported-field', /rope_scaling of type "yarn"/],
    [{ rope_scaling: { rope_type: 'llama3', factor: 4 } }, 'model-invalid-config', /low_freq_factor/],
    [{ model_type: 'mistral', sliding_window: 4096 }, 'model-unsupported-field', /sliding_window 4096/],
    [
      { model_type: 'qwen2', use_sliding_window: true, sliding_window: 8 },
      'model-unsupported-field',
      /sliding_window 8/,
    ],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, 'model-unsupported-field', /layer_types/],
    [{ quantization_config: { bits: 4 } }, 'model-unsupported-field', /quantization_config/],
    [{ hidden_size: undefined }, 'model-invalid-config', /no hidden_size/],
    [{ num_hidden_layers: 2.5 }, 'model-invalid-config', /num_hidden_layers 2.5/],
    [{ rms_norm_eps: 'small' }, 'model-invalid-config', /rms_norm_eps "small"/],
    [{ num_key_value_heads: 3 }, 'model-invalid-config', /not a multiple of num_key_value_heads 3/],
    [{ head_dim: 5 }, 'model-invalid-config', /head_dim 5 is odd/],
    [{ tie_word_embeddings: 'yes' }, 'model-invalid-config', /tie_word_embeddings "yes"/],
  ])('refuses %j, naming it', (fields, code, message) => {
    let error: unknown;
    try {
      parse(fields);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses what is not a JSON object', () => {
    expect(() => parseModelConfig('{')).toThrow(/not JSON/);
    expect(() => parseModelConfig('[1]')).toThrow(/not a JSON object/);
  });
});

describe('parameterCount', () => {
  it.each(MODEL_KINDS)('counts the numbers of the files: %s', (_, options) => {
    const { config, tensors } = tinyModel(options);
    const numbers = Object.values(tensors).reduce((sum, { values }) => sum + values.length, 0);
    expect(parameterCount(parseModelConfig(JSON.stringify(config)))).toBe(numbers);
  });
});
