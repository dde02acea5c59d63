import * as tf from '@tensorflow/tfjs-core';
import { FrozenMatrix } from '../../ops/frozen-matrix/frozen-matrix.ts';
import type { FrozenLinear } from '../../ops/lora-linear/lora-linear.ts';
import { packRows, type RoundedPrecision, unpackRows } from '../../ops/packed-matrix/formats.ts';
import { rowsToFloats, type StoredRows, valueCount } from '../../weights/stored-rows.ts';
import { dimensions, type ModelConfig } from '../config.ts';
import { embeddingName, HEAD_NAME } from '../expected-tensors.ts';
import type { WeightReader } from '../weight-reader.ts';
import type { BlockWeights, ModelWeights } from './composed-model.ts';

/**
 * The weights as tensors and frozen matrices.
 * @param precision what packed matrices would leave of them; exact where undefined
 * @throws WeightsError
 */
export async function readComposed(
  config: ModelConfig,
  reader: WeightReader,
  precision: RoundedPrecision | undefined,
): Promise<ModelWeights> {
  const { width, vocabSize } = config;
  const matrix = async (name: string, rows: number, columns: number) =>
    reader.own(await FrozenMatrix.read(floats(reader.slabs(name, [rows, columns]), columns, precision), rows, columns));
  const embedding = await matrix(embeddingName(config.tiedHead, reader.entries), vocabSize, width);
  const blocks: BlockWeights[] = [];
  for (let layer = 0; layer < config.layers; layer++) blocks.push(await readBlock({ config, reader, matrix }, layer));
  const finalNorm = await readVector(reader, 'model.norm.weight', width);
  const head = config.tiedHead ? embedding : await matrix(HEAD_NAME, vocabSize, width);
  return { embedding, blocks, finalNorm, head };
}

interface Reading {
  readonly config: ModelConfig;
  readonly reader: WeightReader;
  readonly matrix: (name: string, rows: number, columns: number) => Promise<FrozenMatrix>;
}

async function readBlock({ config, reader, matrix }: Reading, layer: number): Promise<BlockWeights> {
  const { width, queryWidth, keyValueWidth, feedForwardWidth } = dimensions(config);
  const { attentionBias, feedForwardBias, headWidth, queryKeyNorm } = config;
  const at = (name: string) => `model.layers.${layer}.${name}`;
  const linear = async (name: string, [outWidth, inWidth]: [number, number], hasBias: boolean) => ({
    weight: await matrix(at(`${name}.weight`), outWidth, inWidth),
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

async function* floats(
  slabs: AsyncIterable<StoredRows>,
  columns: number,
  precision: RoundedPrecision | undefined,
): AsyncGenerator<Float32Array> {
  for await (const slab of slabs) {
    const rows = valueCount(slab) / columns;
    yield precision
      ? unpackRows(precision, packRows(precision, slab, { rows, columns }), rows, columns)
      : rowsToFloats(slab);
  }
}

async function readVector(reader: WeightReader, name: string, length: number): Promise<tf.Tensor1D> {
  return reader.own(tf.keep(tf.tensor1d(await reader.read(name, [length]))));
}
