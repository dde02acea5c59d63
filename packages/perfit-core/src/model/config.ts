import { type ModelDimensions, PROJECTIONS, type Projection, projectionWidths } from '@perfit/protocol/space';
import { ModelError } from './model-error.ts';

type ModelType = 'llama' | 'mistral' | 'qwen2' | 'qwen3';

/** What the forward pass must know of a Llama-family model, from Hugging Face's config.json. */
export interface ModelConfig {
  readonly modelType: ModelType;
  readonly layers: number;
  /** D */
  readonly width: number;
  /** H */
  readonly heads: number;
  /** K */
  readonly keyHeads: number;
  /** d */
  readonly headWidth: number;
  /** F */
  readonly feedForwardWidth: number;
  /** V */
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  readonly tiedHead: boolean;
  /** Biases on q, k, v (Qwen2), and on o as well (Llama's `attention_bias`). */
  readonly attentionBias: 'none' | 'qkv' | 'qkvo';
  readonly feedForwardBias: boolean;
  /** RMSNorm over each query and key head (Qwen3). */
  readonly queryKeyNorm: boolean;
}

type RopeScaling = Llama3RopeScaling | RopeFactors;

/** Llama 3.1's stretching of the low rotary frequencies. */
interface Llama3RopeScaling {
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalContextLength: number;
}

/** What each frequency is divided by; [d/2]. GGUF files say it so, whatever rule it came of. */
interface RopeFactors {
  readonly factors: readonly number[];
}

/**
 * Parses config.json; every field that would change the arithmetic in a way that the forward pass does not follow
 * is refused by name.
 * @throws ModelError
 */
export function parseModelConfig(json: string): ModelConfig {
  const fields = parseFields(json);
  const modelType = parseModelType(fields);
  refuseUnsupported(fields, modelType);
  const width = fields.count('hidden_size');
  const heads = fields.count('num_attention_heads');
  const keyHeads = fields.count('num_key_value_heads', heads);
  const headWidth = fields.count('head_dim', modelType === 'qwen3' ? 128 : width / heads);
  if (heads % keyHeads !== 0) {
    throw invalid(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${keyHeads}`);
  }
  if (headWidth % 2 !== 0) throw invalid(`head_dim ${headWidth} is odd`);
  const rope = parseRope(fields);
  const factors = rope.ropeScaling && 'factors' in rope.ropeScaling ? rope.ropeScaling.factors.length : headWidth / 2;
  if (factors !== headWidth / 2) throw invalid(`there are ${factors} factors of RoPE for heads of ${headWidth}`);
  return {
    modelType,
    layers: fields.count('num_hidden_layers'),
    width,
    heads,
    keyHeads,
    headWidth,
    feedForwardWidth: fields.count('intermediate_size'),
    vocabSize: fields.count('vocab_size'),
    contextLength: fields.count('max_position_embeddings'),
    normEpsilon: fields.positive('rms_norm_eps', 1e-6),
    ...rope,
    tiedHead: fields.flag('tie_word_embeddings', false),
    attentionBias: parseAttentionBias(fields, modelType),
    feedForwardBias: fields.flag('mlp_bias', false),
    queryKeyNorm: modelType === 'qwen3',
  };
}

/** The widths from which the LoRA layout follows (PF1). */
export function dimensions(config: ModelConfig): ModelDimensions {
  return {
    layers: config.layers,
    width: config.width,
    queryWidth: config.heads * config.headWidth,
    keyValueWidth: config.keyHeads * config.headWidth,
    feedForwardWidth: config.feedForwardWidth,
  };
}

/** Numbers of the base model, a tied head counted once. */
export function parameterCount(config: ModelConfig): number {
  const { layers, width, vocabSize, headWidth, tiedHead, queryKeyNorm } = config;
  const projections = PROJECTIONS.map((projection) => {
    const { inWidth, outWidth } = projectionWidths(dimensions(config), projection);
    return outWidth * (inWidth + (hasBias(config, projection) ? 1 : 0));
  });
  const norms = 2 * width + (queryKeyNorm ? 2 * headWidth : 0);
  const block = projections.reduce((sum, size) => sum + size, norms);
  return (tiedHead ? 1 : 2) * vocabSize * width + layers * block + width;
}

export function hasBias({ attentionBias, feedForwardBias }: ModelConfig, projection: Projection): boolean {
  switch (projection) {
    case 'q_proj':
    case 'k_proj':
    case 'v_proj':
      return attentionBias !== 'none';
    case 'o_proj':
      return attentionBias === 'qkvo';
    default:
      return feedForwardBias;
  }
}

/**
 * The rotary frequency of every pair of features, stretched by llama3's rule or by factors where the model has them.
 * @returns [d/2]
 * Source: Hugging Face transformers, `modeling_rope_utils`, `_compute_llama3_parameters`.
 */
export function inverseFrequencies({ headWidth, ropeTheta, ropeScaling }: ModelConfig): Float64Array {
  const plain = Float64Array.from({ length: headWidth / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headWidth));
  if (!ropeScaling) return plain;
  if ('factors' in ropeScaling) return plain.map((frequency, i) => frequency / (ropeScaling.factors[i] as number));
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContextLength } = ropeScaling;
  return plain.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength < originalContextLength / highFrequencyFactor) return frequency;
    if (wavelength > originalContextLength / lowFrequencyFactor) return frequency / factor;
    const turns = originalContextLength / wavelength;
    const smooth = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

const knownTypes = 'llama, mistral, qwen2 and qwen3 are supported';

function parseModelType(fields: Fields): ModelType {
  const modelType = fields.values.model_type;
  if (modelType === 'llama' || modelType === 'mistral' || modelType === 'qwen2' || modelType === 'qwen3') {
    return modelType;
  }
  if (modelType === undefined) {
    throw new ModelError('model-unsupported-architecture', `config.json has no model_type: ${knownTypes}`);
  }
  const parts = isObject(fields.values.text_config) ? 'it has other parts beside its text_config; ' : '';
  throw new ModelError(
    'model-unsupported-architecture',
    `model_type ${brief(modelType)} is not supported: ${parts}${knownTypes}`,
  );
}

function refuseUnsupported(fields: Fields, modelType: ModelType): void {
  const { values } = fields;
  const refuse = (field: string, why: string) =>
    new ModelError('model-unsupported-field', `${field} ${brief(values[field])} is not supported: ${why}`);
  if (values.hidden_act !== undefined && values.hidden_act !== 'silu') {
    throw refuse('hidden_act', 'only silu is');
  }
  const slides = modelType === 'mistral' || values.use_sliding_window === true;
  if (slides && values.sliding_window !== undefined && values.sliding_window !== null) {
    throw refuse('sliding_window', 'every token must see all tokens before it');
  }
  const layerTypes = values.layer_types;
  if (Array.isArray(layerTypes) && layerTypes.some((type) => type !== 'full_attention')) {
    throw refuse('layer_types', 'only full_attention is');
  }
  if (values.quantization_config !== undefined && values.quantization_config !== null) {
    throw refuse('quantization_config', 'weights must be F32, F16 or BF16');
  }
  const partial = values.partial_rotary_factor;
  if (partial !== undefined && partial !== null && partial !== 1) {
    throw refuse('partial_rotary_factor', 'all features of a head must turn');
  }
  if (typeof values.num_experts === 'number' && values.num_experts > 0) {
    throw refuse('num_experts', 'every token must pass the same layers');
  }
  const tensorParallel = values.pretraining_tp;
  if (tensorParallel !== undefined && tensorParallel !== null && tensorParallel !== 1) {
    throw refuse('pretraining_tp', 'only 1 is');
  }
}

function parseAttentionBias(fields: Fields, modelType: ModelType): ModelConfig['attentionBias'] {
  if (modelType === 'qwen2') return 'qkv'; // its code has them whatever the config says
  return fields.flag('attention_bias', false) ? 'qkvo' : 'none';
}

/** rope_theta and rope_scaling, or rope_parameters as transformers 5 writes them. */
function parseRope(fields: Fields): Pick<ModelConfig, 'ropeTheta' | 'ropeScaling'> {
  const parameters = fields.values.rope_parameters;
  const nested = isObject(parameters) ? fieldsOf(parameters, 'rope_parameters') : null;
  const ropeTheta = nested?.values.rope_theta !== undefined ? nested.positive('rope_theta') : undefined;
  const scaling = nested ? nested.values : (fields.values.rope_scaling ?? null);
  return {
    ropeTheta: ropeTheta ?? fields.positive('rope_theta', 10_000),
    ropeScaling: parseRopeScaling(scaling, nested ? 'rope_parameters' : 'rope_scaling'),
  };
}

function parseRopeScaling(scaling: unknown, name: string): RopeScaling | null {
  if (scaling === null) return null;
  if (!isObject(scaling)) throw invalid(`${name} is neither null nor an object`);
  // transformers 5 may leave the type out where it is the plain one; it also has parameters for each kind of layer.
  const isPlain = name === 'rope_parameters' && !Object.values(scaling).some(isObject);
  const kind = scaling.rope_type ?? scaling.type ?? (isPlain ? 'default' : undefined);
  if (kind === 'default') return null;
  if (kind === 'factors') return { factors: parseFactors(scaling.factors, name) };
  if (kind !== 'llama3') {
    const why = 'only default and llama3 are';
    throw new ModelError('model-unsupported-field', `${name} of type ${brief(kind)} is not supported: ${why}`);
  }
  const fields = fieldsOf(scaling, name);
  return {
    factor: fields.positive('factor'),
    lowFrequencyFactor: fields.positive('low_freq_factor'),
    highFrequencyFactor: fields.positive('high_freq_factor'),
    originalContextLength: fields.count('original_max_position_embeddings'),
  };
}

function parseFactors(factors: unknown, name: string): readonly number[] {
  if (Array.isArray(factors) && factors.every((factor) => Number.isFinite(factor) && factor > 0)) return factors;
  throw invalid(`${name} has factors that are no positive numbers`);
}

interface Fields {
  readonly values: Readonly<Record<string, unknown>>;
  count(name: string, fallback?: number): number;
  positive(name: string, fallback?: number): number;
  flag(name: string, fallback: boolean): boolean;
}

function parseFields(json: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ModelError('model-invalid-config', 'config.json is not JSON', { cause });
  }
  if (!isObject(value)) throw invalid('config.json is not a JSON object');
  return fieldsOf(value, 'config.json');
}

function fieldsOf(values: Record<string, unknown>, where: string): Fields {
  const read = (name: string, fallback: number | undefined): unknown => {
    const value = values[name] ?? fallback;
    if (value === undefined) throw invalid(`${where} has no ${name}`);
    return value;
  };
  return {
    values,
    count(name, fallback) {
      const value = read(name, fallback);
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
        throw invalid(`${name} ${JSON.stringify(value)} in ${where} is not a positive whole number`);
      }
      return value;
    },
    positive(name, fallback) {
      const value = read(name, fallback);
      if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
        throw invalid(`${name} ${JSON.stringify(value)} in ${where} is not a positive number`);
      }
      return value;
    },
    flag(name, fallback) {
      const value = values[name] ?? fallback;
      if (typeof value !== 'boolean')
        throw invalid(`${name} ${JSON.stringify(value)} in ${where} is not true or false`);
      return value;
    },
  };
}

/** A value as a sentence can hold it: some configs have a page of JSON in one field. */
function brief(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length <= longestShown ? json : `${json.slice(0, longestShown)}…`;
}

const longestShown = 60;

function invalid(message: string): ModelError {
  return new ModelError('model-invalid-config', message);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
