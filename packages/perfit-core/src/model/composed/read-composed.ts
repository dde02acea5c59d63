import * as tf from '@tensorflow/tfjs-core';
import { FrozenMatrix } from '../../ops/frozen-matrix/frozen-matrix.ts';
import type { FrozenLinear } from '../../ops/lora-linear/lora-linear.ts';
import { dimensions, type ModelConfig } from '../config.ts';
import { HEAD_NAME, type WeightReader } from '../weight-reader.ts';
import type { BlockWeights, ModelWeights } from './composed-model.ts';

/** The weights as tensors and frozen matrices. @throws WeightsError */
export async function readComposed(config: ModelConfig, reader: WeightReader): Promise<ModelWeights> {
  const { width, vocabSize } = config;
  const matrix = async (name: string, rows: number, columns: number) =>
    reader.own(new FrozenMatrix(await reader.read(name, [rows, columns]), rows, columns));
  const embedding = await matrix(reader.embeddingName(config.tiedHead), vocabSize, width);
  const blocks: BlockWeights[] = [];
  for (let layer = 0; layer < config.layers; layer++) blocks.push(await readBlock(config, reader, layer));
  const finalNorm = await readVector(reader, 'model.norm.weight', width);
  const head = config.tiedHead ? embedding : await matrix(HEAD_NAME, vocabSize, width);
  return { embedding, blocks, finalNorm, head };
}

async function readBlock(config: ModelConfig, reader: WeightReader, layer: number): Promise<BlockWeights> {
  const { width, queryWidth, keyValueWidth, feedForwardWidth } = dimensions(config);
  const { attentionBias, feedForwardBias, headWidth, queryKeyNorm } = config;
  const at = (name: string) => `model.layers.${layer}.${name}`;
  const linear = async (name: string, [outWidth, inWidth]: [number, number], hasBias: boolean) => ({
    weight: reader.own(
      new FrozenMatrix(await reader.read(at(`${name}.weight`), [outWidth, inWidth]), outWidth, inWidth),
    ),
    bias: hasBias ? await readVector(reader, at(`${name}.bias`), outWidth) : null,
  });
  const qkvBias = attentionBias !== 'none';
  return {
    attentionNorm: await readVector(reader, at('input_layernorm.weight'), width),
    q_proj: await linear('self_attn.q_proj', [queryWidth, width], qkvBias),
    k_proj: await linear('self_attn.k_proj', [keyValueWidth, width], qkvBias),
    v_proj: await linear('self_attn.v_proj', [keyValueWidth, width], qkvBias),
    o_proj: await linear('self_attn.o_proj', [width, queryWidth], attentionBias === 'qkvo'),
    queryNorm: queryKeyNorm ? await readVector(reader, at('self_attn.q_norm.weight'), headWidth) : null,
    keyNorm: queryKeyNorm ? await readVector(reader, at('self_attn.k_norm.weight'), headWidth) : null,
    feedForwardNorm: await readVector(reader, at('post_attention_layernorm.weight'), width),
    gate_proj: await linear('mlp.gate_proj', [feedForwardWidth, width], feedForwardBias),
    up_proj: await linear('mlp.up_proj', [feedForwardWidth, width], feedForwardBias),
    down_proj: await linear('mlp.down_proj', [width, feedForwardWidth], feedForwardBias),
  } satisfies Record<string, FrozenLinear | tf.Tensor1D | null>;
}

async function readVector(reader: WeightReader, name: string, length: number): Promise<tf.Tensor1D> {
  return reader.own(tf.keep(tf.tensor1d(await reader.read(name, [length]))));
}
