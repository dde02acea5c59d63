import { type Layout, PROJECTIONS, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { tinyModel, tinySource } from '../../../test/tiny-models.ts';
import { MODEL_SHAPES } from '../../catalogue/model-shapes.ts';
import { noLabel, type TokenBatch } from '../../text/token-batch.ts';
import type { WasmBackend } from '../../wasm/wasm-heap.ts';
import { parseModelConfig } from '../config.ts';
import type { LanguageModel } from '../language-model.ts';
import { loadModel } from '../load-model.ts';
import { syntheticSource } from '../synthetic-source.ts';
import { predictStepBytes } from './memory.ts';
import { planMemory, WASM_BUDGET } from './plan-memory.ts';

vi.setConfig({ testTimeout: 60_000 });
beforeAll(startWasm);

const smol = parseModelConfig(JSON.stringify(MODEL_SHAPES['smollm2-135m']));
const layoutOf = (model: LanguageModel, rank: number) => model.layout({ rank, alpha: rank, targets: PROJECTIONS });

function batchOf(vocabSize: number, [rows, length]: readonly [number, number], labelled = length): TokenBatch {
  const inputIds = Int32Array.from({ length: rows * length }, (_, i) => (i * 7919) % vocabSize);
  const labels = inputIds.map((id, i) => (i % length >= length - labelled ? id : noLabel));
  return { inputIds, labels, rows, length, tokens: rows * length };
}

async function gradientOf(model: LanguageModel, layout: Layout, batch: TokenBatch) {
  const random = seededRandom(3);
  const theta = tf.tensor1d(Float32Array.from({ length: layout.size }, () => 0.2 * random() - 0.1));
  const { loss, gradient } = model.lossAndGradient(layout, theta, batch);
  const [[lossValue], values] = [await loss.data(), (await gradient.data()) as Float32Array];
  tf.dispose([theta, loss, gradient]);
  return { loss: lossValue as number, values };
}

describe.each(['own', 'composed'] as const)('a step that keeps less, of %s programs', (programs) => {
  const tiny = tinyModel({ seed: 9 });
  /** Rows with different numbers of labels, one without any. */
  const batch = batchOf(11, [5, 7]);
  batch.labels.fill(noLabel, 0, 9);
  batch.labels.fill(noLabel, 14, 21);

  it.each([
    { checkpointing: true },
    { rowsAtOnce: 2 },
    { checkpointing: true, rowsAtOnce: 1 },
    { checkpointing: true, rowsAtOnce: 3 },
  ])('is the same step: %o', async (way) => {
    const whole = await loadModel(tinySource(tiny), { programs, checkpointing: false });
    const layout = layoutOf(whole, 3);
    const wanted = await gradientOf(whole, layout, batch);
    whole.dispose();
    const before = tf.memory().numTensors;
    const model = await loadModel(tinySource(tiny), { programs, checkpointing: false, ...way });
    const found = await gradientOf(model, layout, batch);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(found.loss).toBeCloseTo(wanted.loss, 5);
    const furthest = Math.max(...found.values.map((value, i) => Math.abs(value - (wanted.values[i] as number))));
    expect(furthest).toBeLessThan(1e-5 * Math.max(...wanted.values.map(Math.abs)));
  });
});

describe('the predicted memory', () => {
  const small = { ...MODEL_SHAPES['smollm2-135m'], num_hidden_layers: 2, vocab_size: 512 };

  it.each([
    { checkpointing: true, sizes: [2, 128], rank: 16 },
    { checkpointing: false, sizes: [2, 128], rank: 16 },
    { checkpointing: true, sizes: [1, 384], rank: 4 },
    { checkpointing: false, sizes: [3, 64], rank: 32 },
  ] as const)('is within 10 % of what lies on the heap: %o', async ({ checkpointing, sizes, rank }) => {
    const model = await loadModel(syntheticSource(small), { checkpointing });
    const layout = layoutOf(model, rank);
    const heap = watchHeap();
    const batch = batchOf(512, sizes);
    await gradientOf(model, layout, batch);
    const { peak, left } = heap.stop();
    model.dispose();
    const shape = {
      held: 'f32',
      rows: sizes[0],
      length: sizes[1],
      layout,
      checkpointing,
      programs: 'wasm',
    } as const;
    const { step } = predictStepBytes(parseModelConfig(JSON.stringify(small)), shape);
    // The optimizer's vectors are not made here, but theta and its gradient are.
    const predicted = step / 1.05 + 2 * 4 * layout.size;
    expect((peak - left) / predicted).toBeGreaterThan(0.9);
    expect((peak - left) / predicted).toBeLessThan(1.1);
  });

  it('[PF8] is of one block at a time where nothing is tuned, however many there are', async () => {
    const peaks: number[] = [];
    for (const layers of [2, 8]) {
      const model = await loadModel(syntheticSource({ ...small, num_hidden_layers: layers }));
      const batch = batchOf(512, [2, 64]);
      // It makes what it keeps for good.
      model.loss(null, batch).dispose();
      const heap = watchHeap();
      const { losses, hits } = model.labelOutcomes(null, batch);
      tf.dispose([model.loss(null, batch), losses, hits]);
      peaks.push(heap.stop().peak);
      model.dispose();
    }
    expect((peaks[1] as number) / (peaks[0] as number)).toBeLessThan(1.05);
  });

  it('has room for SmolLM2-135M at 8 texts of 512 tokens, and says what is too large', () => {
    const layout = () => ({ rank: 16, size: 4_884_480, targets: PROJECTIONS }) as unknown as Layout;
    const wish = { layout, batchSize: 8, maxLength: 512, budget: WASM_BUDGET };
    const on = { programs: 'wasm', fileBytes: 300e6, inFile: null } as const;
    const plan = planMemory(smol, wish, on);
    expect(plan).toMatchObject({ precision: 'f32', checkpointing: true, rowsAtOnce: 8 });
    expect(plan.predicted.total).toBeLessThan(WASM_BUDGET);
    expect(planMemory(smol, { ...wish, batchSize: 4, maxLength: 128 }, on).checkpointing).toBe(false);
    expect(planMemory(smol, { ...wish, precision: 'f16', batchSize: 4 }, on).predicted.total).toBeLessThan(0.9e9);
    const large = parseModelConfig(JSON.stringify(MODEL_SHAPES['qwen3-0.6b']));
    expect(planMemory(large, wish, on).precision).not.toBe('f32');
    const long = { ...wish, maxLength: 32_768 };
    expect(() => planMemory(large, long, on)).toThrow(/takes at least .* GB of WebAssembly’s memory .*shorter texts/);
    expect(planMemory(large, { ...long, orLeast: true }, on)).toMatchObject({ rowsAtOnce: 1, checkpointing: true });
  });
});

/** Bytes of tensors on tfjs' heap from here on. */
function watchHeap() {
  const { tfjs } = (tf.backend() as unknown as WasmBackend).wasm;
  const { registerTensor, disposeData } = tfjs;
  const sizes = new Map<number, number>();
  const offsets = new Set<number>();
  let [live, peak] = [0, 0];
  const places = new Map<number, number>();
  tfjs.registerTensor = (id, size, offset) => {
    registerTensor(id, size, offset);
    // A second name for the same bytes takes none.
    if (offsets.has(offset)) return;
    offsets.add(offset);
    places.set(id, offset);
    sizes.set(id, 4 * size);
    live += 4 * size;
    peak = Math.max(peak, live);
  };
  tfjs.disposeData = (id) => {
    disposeData(id);
    live -= sizes.get(id) ?? 0;
    sizes.delete(id);
    offsets.delete(places.get(id) as number);
    places.delete(id);
  };
  return {
    stop() {
      Object.assign(tfjs, { registerTensor, disposeData });
      return { peak, left: live };
    },
  };
}
