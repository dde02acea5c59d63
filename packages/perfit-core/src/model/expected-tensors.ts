import { PROJECTIONS, projectionWidths } from '@perfit/protocol/space';
import { moduleName } from '../adapter/module-name.ts';
import type { TensorEntry } from '../weights/tensor-values.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { dimensions, hasBias, type ModelConfig } from './config.ts';

type Expected = readonly [name: string, shape: number[]];

/** The tensors that a model of such a config has, by Hugging Face's names; one after the other, for a file may claim any number of layers. */
export function* expectedTensors(config: ModelConfig): Generator<Expected> {
  const { width, vocabSize, headWidth } = config;
  yield ['model.embed_tokens.weight', [vocabSize, width]];
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    yield [`${at}.input_layernorm.weight`, [width]];
    yield [`${at}.post_attention_layernorm.weight`, [width]];
    if (config.queryKeyNorm) {
      yield [`${at}.self_attn.q_norm.weight`, [headWidth]];
      yield [`${at}.self_attn.k_norm.weight`, [headWidth]];
    }
    for (const projection of PROJECTIONS) {
      const { inWidth, outWidth } = projectionWidths(dimensions(config), projection);
      const name = moduleName({ layer, projection });
      yield [`${name}.weight`, [outWidth, inWidth]];
      if (hasBias(config, projection)) yield [`${name}.bias`, [outWidth]];
    }
  }
  yield ['model.norm.weight', [width]];
  if (!config.tiedHead) yield [HEAD_NAME, [vocabSize, width]];
}

/** The name under which the embedding lies: a tied model may have been saved with its one matrix as the head. */
export function embeddingName(tiedHead: boolean, entries: ReadonlyMap<string, TensorEntry>): string {
  const name = 'model.embed_tokens.weight';
  return tiedHead && !entries.has(name) && entries.has(HEAD_NAME) ? HEAD_NAME : name;
}

export const HEAD_NAME = 'lm_head.weight';

/** A tensor that is there as the config implies it. @param where the model is, for a sentence   @throws WeightsError */
export function assertHasTensor(
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

/** Every tensor that a model is made of, and no layer more than it is said to have: told before any of them is read. @throws WeightsError */
export function assertHasTensors(config: ModelConfig, entries: ReadonlyMap<string, TensorEntry>, where: string): void {
  for (const [expected, shape] of expectedTensors(config)) {
    const isEmbedding = expected === 'model.embed_tokens.weight';
    const name = isEmbedding ? embeddingName(config.tiedHead, entries) : expected;
    assertHasTensor(entries, { name, shape, where });
  }
  for (const name of entries.keys()) {
    const layer = /^model\.layers\.(\d+)\./.exec(name)?.[1];
    if (layer === undefined || Number(layer) < config.layers) continue;
    throw new WeightsError(
      'weights-wrong-shape',
      `${where} has the tensor ${name}, and ${config.layers} layers by its description`,
    );
  }
}
