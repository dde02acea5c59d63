import { type Projection, projectionWidths } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { PackedLinear } from '../../ops/packed-linear/packed-linear.ts';
import type { Precision } from '../../ops/packed-matrix/formats.ts';
import { matrixMemory } from '../../ops/packed-matrix/matrix-memory.ts';
import { PackedMatrix } from '../../ops/packed-matrix/packed-matrix.ts';
import type { RowWriter } from '../../ops/packed-matrix/row-writer.ts';
import type { StoredValues } from '../../weights/stored-values.ts';
import { dimensions, hasBias, type ModelConfig } from '../config.ts';
import { HEAD_NAME, type WeightReader } from '../weight-reader.ts';
import { GROUP_OF, GROUPS, type Group, type PackedBlock, type PackedWeights } from './packed-weights.ts';

/** The weights packed for our programs: projections of the same input below each other. @throws WeightsError */
export async function readPacked(
  config: ModelConfig,
  reader: WeightReader,
  precision: Precision,
): Promise<PackedWeights> {
  const { width, vocabSize, tiedHead } = config;
  const table = async (name: string) => {
    const matrix = reader.own(PackedMatrix.allocate(precision, vocabSize, width));
    const writer = matrix.writer();
    await write(writer, reader.slabs(name, [vocabSize, width]));
    writer.end();
    return matrix;
  };
  const embedding = await table(reader.embeddingName(tiedHead));
  const blocks: PackedBlock[] = [];
  for (let layer = 0; layer < config.layers; layer++)
    blocks.push(await readBlock({ config, reader, precision }, layer));
  const finalNorm = await readVector(reader, 'model.norm.weight', width);
  const head = tiedHead ? embedding : await table(HEAD_NAME);
  return { precision, embedding, blocks, finalNorm, head };
}

interface Reading {
  readonly config: ModelConfig;
  readonly reader: WeightReader;
  readonly precision: Precision;
}

async function readBlock(reading: Reading, layer: number): Promise<PackedBlock> {
  const { config, reader } = reading;
  const { width } = config;
  const vector = (name: string, length: number) => readVector(reader, `model.layers.${layer}.${name}.weight`, length);
  const headNorm = async (name: string) => (config.queryKeyNorm ? await vector(name, config.headWidth) : null);
  return {
    attentionNorm: await vector('input_layernorm', width),
    qkv: await readGroup(reading, layer, 'qkv'),
    queryNorm: await headNorm('self_attn.q_norm'),
    keyNorm: await headNorm('self_attn.k_norm'),
    o: await readGroup(reading, layer, 'o'),
    feedForwardNorm: await vector('post_attention_layernorm', width),
    gateUp: await readGroup(reading, layer, 'gateUp'),
    down: await readGroup(reading, layer, 'down'),
  };
}

async function readGroup(reading: Reading, layer: number, group: Group): Promise<PackedLinear> {
  const { config, reader, precision } = reading;
  const projections = GROUPS[group].map((projection) => describe(config, projection));
  const inWidth = projections[0]?.inWidth as number;
  const outWidth = projections.reduce((sum, projection) => sum + projection.outWidth, 0);
  const weight = reader.own(PackedMatrix.allocate(precision, outWidth, inWidth));
  const hasBias = projections.some(({ bias }) => bias);
  const bias = hasBias ? new Float32Array(outWidth) : null;
  const writer = weight.writer();
  let firstRow = 0;
  for (const projection of projections) {
    const name = `model.layers.${layer}.${projection.name}`;
    await write(writer, reader.slabs(`${name}.weight`, [projection.outWidth, inWidth]));
    if (projection.bias) bias?.set(await reader.read(`${name}.bias`, [projection.outWidth]), firstRow);
    firstRow += projection.outWidth;
  }
  writer.end();
  return { weight, bias: bias && reader.own(tf.keep(tf.tensor1d(bias))) };
}

async function write(writer: RowWriter, slabs: AsyncIterable<StoredValues>): Promise<void> {
  for await (const slab of slabs) {
    writer.push(slab);
    await matrixMemory().paced(slab.values.byteLength);
  }
}

function describe(config: ModelConfig, projection: Projection) {
  const isAttention = GROUP_OF[projection] === 'qkv' || GROUP_OF[projection] === 'o';
  return {
    name: `${isAttention ? 'self_attn' : 'mlp'}.${projection}`,
    ...projectionWidths(dimensions(config), projection),
    bias: hasBias(config, projection),
  };
}

async function readVector(reader: WeightReader, name: string, length: number): Promise<tf.Tensor1D> {
  return reader.own(tf.keep(tf.tensor1d(await reader.read(name, [length]))));
}
