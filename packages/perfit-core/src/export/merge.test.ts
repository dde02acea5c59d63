import { buildLayout, type Layout, PROJECTIONS, type Projection } from '@perfit/protocol/space';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWasm } from '../../test/backend.ts';
import { asFolder, collect, randomAdapter, sharded, watched } from '../../test/exported.ts';
import { MODEL_KINDS } from '../../test/model-contract.ts';
import { perfitNano } from '../../test/places.ts';
import { memorySource, tinyModel, tinySource } from '../../test/tiny-models.ts';
import { exportPeft, importPeft, peftSpace } from '../adapter/peft.ts';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import { dimensions, parseModelConfig } from '../model/config.ts';
import { loadModel } from '../model/load-model.ts';
import { directorySource } from '../node/index.ts';
import { openWeights } from '../weights/safetensors-reader.ts';
import { narrowToBfloat16, writeSafetensors } from '../weights/safetensors-writer.ts';
import type { ModelSource } from '../weights/source.ts';
import { readTensor, type TensorEntry } from '../weights/tensor-values.ts';
import { mergedModel } from './merge.ts';
import { SLAB_BYTES } from './merged-weights.ts';

beforeAll(startWasm);

const ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];

async function layoutFor(source: ModelSource, targets: readonly Projection[] = PROJECTIONS): Promise<Layout> {
  const config = parseModelConfig(await source.text('config.json'));
  return buildLayout(dimensions(config), { rank: 6, alpha: 9, targets });
}

/** Logits at every position, with an adapter or without. */
async function logits(source: ModelSource, own?: { layout: Layout; theta: Float32Array }): Promise<Float32Array> {
  const model = await loadModel(source, { programs: 'composed' });
  const adapter = own ? AdapterTensors.fromTheta(own.layout, own.theta) : null;
  const result = model.sequenceLogits(adapter, { inputIds: Int32Array.from(ids), rows: 1, length: ids.length });
  const values = await result.data<'float32'>();
  result.dispose();
  adapter?.dispose();
  model.dispose();
  return values;
}

function furthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

async function weightsOf(source: ModelSource): Promise<Map<string, { entry: TensorEntry; values: Float32Array }>> {
  const { entries } = await openWeights(source);
  const read = [...entries].map(
    async ([name, entry]) => [name, { entry, values: await readTensor(source, entry) }] as const,
  );
  return new Map(await Promise.all(read));
}

describe('a merged model', () => {
  it.each(MODEL_KINDS)('computes what base and adapter compute: %s', async (_, options) => {
    const source = tinySource(tinyModel(options));
    const layout = await layoutFor(source);
    const adapter = { layout, theta: randomAdapter(layout, 5).theta };
    const merged = await asFolder(await mergedModel({ source, adapter }));
    const wanted = await logits(source, adapter);
    expect(furthest(wanted, await logits(source))).toBeGreaterThan(0.05);
    expect(furthest(wanted, await logits(merged))).toBeLessThan(1e-4);
  });

  it('[PF9] the embedded model: adapter out and in again, and merged, all give the same logits', async () => {
    const source = directorySource(perfitNano);
    const layout = await layoutFor(source);
    const { theta, mask } = randomAdapter(layout, 2);
    const wanted = await logits(source, { layout, theta });
    const files = exportPeft(layout, theta, { baseModel: 'perfit-nano' });
    const again = buildLayout(
      dimensions(parseModelConfig(await source.text('config.json'))),
      peftSpace(files['adapter_config.json']),
    );
    const back = await importPeft(again, files);
    for (let p = 0; p < mask.size; p++) if (!mask.has(p)) expect(Object.is(back[p], 0)).toBe(true);
    expect(furthest(wanted, await logits(source, { layout: again, theta: back }))).toBe(0);

    const exact = await asFolder(await mergedModel({ source, adapter: { layout, theta } }, { dtype: 'F32' }));
    expect(furthest(wanted, await logits(exact))).toBeLessThan(2e-3);
    expect(await exact.text('tokenizer.json')).toBe(await source.text('tokenizer.json'));
    expect(await exact.text('generation_config.json')).toBe(await source.text('generation_config.json'));
  });

  it('reads shards and keeps their type, rounded to nearest even; config.json says which', async () => {
    const tiny = tinyModel({ seed: 6, config: { model_type: 'qwen2' }, head: 'tied' });
    const source = memorySource({ ...sharded(tiny, 'BF16'), 'tokenizer.model': Uint8Array.of(0, 255, 128) });
    const layout = await layoutFor(source, ['q_proj', 'down_proj']);
    const adapter = { layout, theta: randomAdapter(layout, 7).theta };
    const exact = await weightsOf(await asFolder(await mergedModel({ source, adapter }, { dtype: 'F32' })));
    const own = await asFolder(await mergedModel({ source, adapter }));
    for (const [name, { entry, values }] of await weightsOf(own)) {
      expect(entry.dtype).toBe('BF16');
      const wide = exact.get(name)?.values as Float32Array;
      expect(narrowToBfloat16(values)).toEqual(narrowToBfloat16(wide));
    }
    expect(JSON.parse(await own.text('config.json'))).toEqual({ ...tiny.config, torch_dtype: 'bfloat16' });
    expect(await own.range('tokenizer.model', 0, 3)).toEqual(Uint8Array.of(0, 255, 128));
  });

  it('leaves a matrix bit for bit where nothing of it is owned, and copies what it does not know', async () => {
    const { config, tensors } = tinyModel({ seed: 9 });
    const odd = { shape: [3], values: Float32Array.of(Number.NaN, -0, 1e-42) };
    const source = tinySource({ config, tensors: { ...tensors, 'model.layers.0.odd': odd } });
    const layout = await layoutFor(source);
    const { theta } = randomAdapter(layout, 5);
    for (const { module, matrix, offset, size } of layout.tensors) {
      if (module === 'layers.1.k_proj' && matrix === 'B') theta.fill(0, offset, offset + size);
    }
    const [before, after] = [
      await weightsOf(source),
      await weightsOf(await asFolder(await mergedModel({ source, adapter: { layout, theta } }))),
    ];
    const changed = [...before].filter(([name, { values }]) => {
      const bits = (numbers: Float32Array) => new Uint32Array(numbers.buffer).join();
      return bits(values) !== bits(after.get(name)?.values as Float32Array);
    });
    const projections = [0, 1].flatMap((layer) => PROJECTIONS.map((projection) => `${layer}.${projection}`));
    const wanted = projections.filter((name) => name !== '1.k_proj').sort();
    const short = (name: string) => name.replace(/model\.layers\.(\d)\.\w+\.(\w+)\.weight/, '$1.$2');
    expect(changed.map(([name]) => short(name)).sort()).toEqual(wanted);
  });

  it('asks for no more than a slab at once, and for the next when the last is written', async () => {
    const tiny = tinyModel({
      seed: 1,
      config: { hidden_size: 64, vocab_size: 30_000, intermediate_size: 30_000, num_hidden_layers: 1 },
    });
    const asked: number[] = [];
    const source = watched(memorySource(sharded(tiny, 'F32')), (_, bytes) => asked.push(bytes));
    const layout = await layoutFor(source);
    const adapter = { layout, theta: randomAdapter(layout, 3).theta };
    for (const options of [{}, { dtype: 'F16' as const }]) {
      const files = await mergedModel({ source, adapter }, options);
      const weights = files.find(({ name }) => name === 'model.safetensors');
      asked.length = 0;
      let chunks = 0;
      for await (const chunk of weights?.chunks() ?? []) {
        chunks++;
        expect(chunk.length).toBeLessThanOrEqual(SLAB_BYTES);
        expect(asked.length).toBeLessThanOrEqual(chunks);
      }
      expect(Math.max(...asked)).toBeLessThanOrEqual(SLAB_BYTES);
      // Embedding, head, gate, up and down take two slabs each.
      expect(asked.length).toBe(Object.keys(tiny.tensors).length + 5);
    }
  });

  it('makes the same file each time it is asked', async () => {
    const source = tinySource(tinyModel({ seed: 1 }));
    const [, file] = await mergedModel({ source, adapter: null });
    expect(file?.name).toBe('model.safetensors');
    if (file) expect(await collect(file)).toEqual(await collect(file));
  });
});

describe('a merge that cannot be', () => {
  const tiny = tinyModel({ seed: 1 });
  const source = tinySource(tiny);

  it('is refused where adapter and model do not fit', async () => {
    const layout = await layoutFor(tinySource(tinyModel({ seed: 1, config: { intermediate_size: 28 } })));
    const refused = mergedModel({ source, adapter: { layout, theta: new Float32Array(layout.size) } });
    await expect(refused).rejects.toMatchObject({ code: 'export-adapter-mismatch' });
  });

  it('is refused where the model lacks what the adapter changes', async () => {
    const layout = await layoutFor(source);
    const adapter = { layout, theta: new Float32Array(layout.size) };
    const name = 'model.layers.1.mlp.up_proj.weight';
    const { [name]: gone, ...rest } = tiny.tensors;
    const lacking = mergedModel({ source: tinySource({ ...tiny, tensors: rest }), adapter });
    await expect(lacking).rejects.toMatchObject({
      code: 'export-missing-tensor',
      message: `The model has no tensor ${name}.`,
    });
    const turned = { ...gone, shape: [...(gone?.shape ?? [])].reverse() } as NonNullable<typeof gone>;
    const wrong = mergedModel({ source: tinySource({ ...tiny, tensors: { ...rest, [name]: turned } }), adapter });
    await expect(wrong).rejects.toMatchObject({ code: 'export-wrong-shape' });
  });

  it('names a value that 16 bits cannot hold', async () => {
    const list = Object.entries(tiny.tensors).map(([name, tensor]) => ({ name, ...tensor }));
    const files = {
      'config.json': JSON.stringify(tiny.config),
      'model.safetensors': writeSafetensors(list, { dtype: 'BF16' }),
    };
    const layout = await layoutFor(source, ['v_proj']);
    const theta = new Float32Array(layout.size).fill(1e5);
    const merging = asFolder(
      await mergedModel({ source: memorySource(files), adapter: { layout, theta } }, { dtype: 'F16' }),
    );
    await expect(merging).rejects.toMatchObject({ code: 'export-out-of-range', message: /v_proj.*16-bit float/ });
  });
});
