import type { TensorEntry } from '../weights/tensor-values.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { dimensions, type ModelConfig } from './config.ts';

/** The tensors that a model of such a config has, by Hugging Face's names. */
export function expectedTensors(config: ModelConfig): readonly (readonly [name: string, shape: number[]])[] {
  const { width, queryWidth, keyValueWidth, feedForwardWidth } = dimensions(config);
  const { vocabSize, headWidth, attentionBias, feedForwardBias } = config;
  const tensors: [string, number[]][] = [['model.embed_tokens.weight', [vocabSize, width]]];
  const linear = (name: string, shape: [number, number], hasBias: boolean) => {
    tensors.push([`${name}.weight`, shape]);
    if (hasBias) tensors.push([`${name}.bias`, [shape[0]]]);
  };
  const qkvBias = attentionBias !== 'none';
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    tensors.push([`${at}.input_layernorm.weight`, [width]]);
    linear(`${at}.self_attn.q_proj`, [queryWidth, width], qkvBias);
    linear(`${at}.self_attn.k_proj`, [keyValueWidth, width], qkvBias);
    linear(`${at}.self_attn.v_proj`, [keyValueWidth, width], qkvBias);
    linear(`${at}.self_attn.o_proj`, [width, queryWidth], attentionBias === 'qkvo');
    if (config.queryKeyNorm) {
      tensors.push([`${at}.self_attn.q_norm.weight`, [headWidth]], [`${at}.self_attn.k_norm.weight`, [headWidth]]);
    }
    tensors.push([`${at}.post_attention_layernorm.weight`, [width]]);
    linear(`${at}.mlp.gate_proj`, [feedForwardWidth, width], feedForwardBias);
    linear(`${at}.mlp.up_proj`, [feedForwardWidth, width], feedForwardBias);
    linear(`${at}.mlp.down_proj`, [width, feedForwardWidth], feedForwardBias);
  }
  tensors.push(['model.norm.weight', [width]]);
  if (!config.tiedHead) tensors.push(['lm_head.weight', [vocabSize, width]]);
  return tensors;
}

/** The name under which the embedding lies: a tied model may have been saved with its one matrix as the head. */
export function embeddingName(tiedHead: boolean, entries: ReadonlyMap<string, TensorEntry>): string {
  const name = 'model.embed_tokens.weight';
  return tiedHead && !entries.has(name) && entries.has(HEAD_NAME) ? HEAD_NAME : name;
}

export const HEAD_NAME = 'lm_head.weight';

/** A tensor that is there as the config implies it. @param where the model is, for a sentence   @throws WeightsError */
export function mustHaveTensor(
  entries: ReadonlyMap<string, TensorEntry>,
  { name, shape, where }: { readonly name: string; readonly shape: readonly number[]; readonly where: string },
): TensorEntry {
  const entry = entries.get(name);
  if (!entry) throw new WeightsError('weights-missing-tensor', `${where} has no tensor ${name}`);
  if (entry.shape.length !== shape.length || entry.shape.some((width, axis) => width !== shape[axis])) {
    const message = `${entry.file}: the tensor ${name} is [${entry.shape.join(', ')}] where config.json implies [${shape.join(', ')}]`;
    throw new WeightsError('weights-wrong-shape', message);
  }
  return entry;
}

/** Every tensor that a model is made of, told before any of them is read. @throws WeightsError */
export function mustHaveTensors(config: ModelConfig, entries: ReadonlyMap<string, TensorEntry>, where: string): void {
  for (const [expected, shape] of expectedTensors(config)) {
    const isEmbedding = expected === 'model.embed_tokens.weight';
    const name = isEmbedding ? embeddingName(config.tiedHead, entries) : expected;
    mustHaveTensor(entries, { name, shape, where });
  }
}
