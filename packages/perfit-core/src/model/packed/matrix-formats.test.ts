import { PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsFile } from '../../../../../testing/needs.ts';
import { startWasm } from '../../../test/backend.ts';
import { realModel } from '../../../test/gguf/real-model.ts';
import { perfitNano } from '../../../test/places.ts';
import { ggufModel } from '../../export/gguf/gguf-model.ts';
import { directorySource } from '../../node/directory-source.ts';
import { modelAt } from '../../node/model-at.ts';
import { loadTokenizer } from '../../text/tokenizer.ts';
import { ggufFolder } from '../../weights/gguf/gguf-folder.ts';
import { openWeights } from '../../weights/safetensors-reader.ts';
import { fileSource, type ModelSource } from '../../weights/source.ts';
import { parseModelConfig } from '../config.ts';
import { formatsInFile, type LoadModelOptions, loadModel } from '../load-model.ts';
import { fileFormats, matrixBytes, uniformFormats } from './matrix-formats.ts';
import { PackedModel } from './packed-model.ts';
import type { PackedWeights } from './packed-weights.ts';

beforeAll(startWasm);

const mixed = ggufFolder(directorySource(new URL('../../../test/gguf', import.meta.url).pathname), 'mixed.gguf');

async function loaded(source: ModelSource, options: LoadModelOptions = {}): Promise<PackedModel> {
  const model = await loadModel(source, options);
  if (!(model instanceof PackedModel)) throw new TypeError('a packed model was expected');
  return model;
}

const matricesOf = ({ embedding, head, blocks }: PackedWeights) => [
  ...new Set([
    embedding,
    head,
    ...blocks.flatMap(({ qkv, o, gateUp, down }) => [qkv, o, gateUp, down].map((l) => l.weight)),
  ]),
];

describe('the formats of a GGUF file', () => {
  it('are its blocks, and f16 where projections of one product differ or no format is like a type', async () => {
    expect(await formatsInFile(mixed)).toEqual({
      embedding: 'int8',
      head: 'int8',
      blocks: [{ qkv: 'f16', o: 'f16', gateUp: 'f16', down: 'int4' }],
      isExact: false,
    });
    expect(await formatsInFile(directorySource(perfitNano))).toBeNull();
  });

  it('are what the model is held in where nobody asks for anything else, and take what was said', async () => {
    const config = parseModelConfig(await mixed.text('config.json'));
    const inFile = fileFormats(config, (await openWeights(mixed)).entries);
    for (const [options, precision, held] of [
      [{}, 'file', inFile],
      [{ precision: 'f32' }, 'f32', 'f32'],
      [{ precision: 'int4' }, 'int4', uniformFormats(config, 'int4')],
    ] as const) {
      const model = await loaded(mixed, options);
      expect(model.precision).toBe(precision);
      const bytes = matricesOf(model.weights).reduce((sum, matrix) => sum + matrix.bytes, 0);
      expect(bytes).toBe(matrixBytes(config, held ?? 'f32'));
      model.dispose();
    }
  });

  it('change nothing of what is computed', async () => {
    const nano = directorySource(perfitNano);
    const tokenizer = await loadTokenizer(nano);
    const file = await ggufModel({ source: nano, adapter: null }, { type: 'q8_0', name: 'n', tokenizer });
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of file.chunks()) chunks.push(chunk);
    const source = ggufFolder(fileSource([new File(chunks, 'n.gguf')]), 'n.gguf');
    const [asInFile, unpacked] = [await gradientOf(source, {}), await gradientOf(source, { precision: 'f32' })];
    expect(asInFile.precision).toBe('file');
    expect(asInFile.bytes).toBeLessThan(0.3 * unpacked.bytes);
    expect(asInFile.loss).toBe(unpacked.loss);
    expect(asInFile.gradient).toEqual(unpacked.gradient);
  });

  it("are a real model's: all in blocks, exact, in less than the file takes", needsFile(realModel), async () => {
    const source = await modelAt(realModel);
    const config = parseModelConfig(await source.text('config.json'));
    const { entries, bytes } = await openWeights(source);
    const formats = fileFormats(config, entries);
    const block = { qkv: 'q4_1', o: 'q4_1', gateUp: 'q4_1', down: 'q4_1' };
    expect(formats).toEqual({
      embedding: 'int8',
      head: 'int8',
      blocks: Array.from({ length: 30 }, () => block),
      isExact: true,
    });
    expect(formats && matrixBytes(config, formats)).toBeLessThan(bytes);
  });
});

async function gradientOf(source: ModelSource, options: LoadModelOptions) {
  const model = await loaded(source, options);
  const layout = model.layout({ rank: 4, alpha: 8, targets: PROJECTIONS });
  const theta = tf.tensor1d(Float32Array.from({ length: layout.size }, (_, p) => 0.02 * Math.sin(p)));
  const ids = Int32Array.from({ length: 40 }, (_, i) => (i * 37) % model.config.vocabSize);
  const batch = { inputIds: ids, labels: ids, rows: 2, length: 20, tokens: 40 };
  const { loss, gradient } = model.lossAndGradient(layout, theta, batch);
  const found = {
    precision: model.precision,
    bytes: matricesOf(model.weights).reduce((sum, matrix) => sum + matrix.bytes, 0),
    loss: (await loss.data())[0],
    gradient: await gradient.data(),
  };
  tf.dispose([theta, loss, gradient]);
  model.dispose();
  return found;
}
