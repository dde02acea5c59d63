import { projectionWidths } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { moduleName } from '../../adapter/module-name.ts';
import type { PackedLinear } from '../../ops/packed-linear/packed-linear.ts';
import type { Format } from '../../ops/packed-matrix/formats.ts';
import { matrixMemory } from '../../ops/packed-matrix/matrix-memory.ts';
import { PackedMatrix, type RowWriter } from '../../ops/packed-matrix/packed-matrix.ts';
import type { StoredRows } from '../../weights/stored-rows.ts';
import { dimensions, hasBias, type ModelConfig } from '../config.ts';
import { embeddingName, HEAD_NAME } from '../expected-tensors.ts';
import type { WeightReader } from '../weight-reader.ts';
import { formatsOf, type Held, outWidthOf } from './matrix-formats.ts';
import { GROUPS, type Group, type PackedBlock, type PackedWeights } from './packed-weights.ts';

/** The weights packed for our programs: projections of the same input below each other. @throws WeightsError */
export async function readPacked(config: ModelConfig, reader: WeightReader, held: Held): Promise<PackedWeights> {
  const { width, vocabSize, tiedHead } = config;
  const formats = formatsOf(config, held);
  const table = async (name: string, format: Format) => {
    const matrix = reader.own(PackedMatrix.allocate(format, vocabSize, width));
    await write(matrix.writer(), reader.slabs(name, [vocabSize, width]));
    return matrix;
  };
  const embedding = await table(embeddingName(tiedHead, reader.entries), formats.embedding);
  const blocks: PackedBlock[] = [];
  for (const [layer, formatOf] of formats.blocks.entries())
    blocks.push(await readBlock({ config, reader, formatOf }, layer));
  const finalNorm = await readVector(reader, 'model.norm.weight', width);
  const head = tiedHead ? embedding : await table(HEAD_NAME, formats.head);
  const precision = typeof held === 'string' ? held : 'file';
  return { precision, isExact: formats.isExact, embedding, blocks, finalNorm, head };
}

interface Reading {
  readonly config: ModelConfig;
  readonly reader: WeightReader;
  readonly formatOf: Readonly<Record<Group, Format>>;
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
  const { config, reader, formatOf } = reading;
  const { inWidth } = projectionWidths(dimensions(config), GROUPS[group][0]);
  const outWidth = outWidthOf(config, group);
  const weight = reader.own(PackedMatrix.allocate(formatOf[group], outWidth, inWidth));
  const isBiased = GROUPS[group].some((projection) => hasBias(config, projection));
  const bias = isBiased ? new Float32Array(outWidth) : null;
  const writer = weight.writer();
  let firstRow = 0;
  for (const projection of GROUPS[group]) {
    const name = moduleName({ layer, projection });
    const { outWidth: rows } = projectionWidths(dimensions(config), projection);
    await write(writer, reader.slabs(`${name}.weight`, [rows, inWidth]));
    if (hasBias(config, projection)) bias?.set(await reader.read(`${name}.bias`, [rows]), firstRow);
    firstRow += rows;
  }
  return { weight, bias: bias && reader.own(tf.keep(tf.tensor1d(bias))) };
}

async function write(writer: RowWriter, slabs: AsyncIterable<StoredRows>): Promise<void> {
  for await (const slab of slabs) {
    writer.push(slab);
    await matrixMemory().paced(slab.values.byteLength);
  }
}

async function readVector(reader: WeightReader, name: string, length: number): Promise<tf.Tensor1D> {
  return reader.own(tf.keep(tf.tensor1d(await reader.read(name, [length]))));
}
