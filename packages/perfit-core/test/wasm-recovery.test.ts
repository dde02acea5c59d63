import { initialTheta, Mask, PROJECTIONS, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { afterWasmFailure } from '../src/backend/wasm-backend.ts';
import type { LanguageModel } from '../src/model/language-model.ts';
import { loadModel } from '../src/model/load-model.ts';
import { createLocalTuner } from '../src/training/local-tuner.ts';
import { type Recovery, recoveringTuner } from '../src/training/recovering-tuner.ts';
import type { WasmBackend } from '../src/wasm/wasm-heap.ts';
import { startWasm } from './backend.ts';
import { fragileSettings } from './fragile-tuner.ts';
import { tinyModel, tinySource } from './tiny-models.ts';

const tiny = tinyModel({ seed: 11 });
const settings = { ...fragileSettings, batchSize: 4, learningRate: 0.02, weightDecay: 0.01, clipNorm: 1, seed: 7 };
const random = seededRandom(1);
const examples = Array.from({ length: 16 }, () => {
  const first = Math.floor(random() * 20);
  const ids = Int32Array.from({ length: 8 }, (_, i) => (first + i) % 20);
  return { ids, labels: ids.map((id, i) => (i < 3 ? -100 : id)) };
});

/** Fills WebAssembly's memory to the brim, as a step does that was planned wrongly. */
function fillMemory(): never {
  const backend = tf.backend() as unknown as WasmBackend;
  for (;;) backend.makeOutput([2 ** 27], 'float32');
}

/** An access behind the end of the heap, in WebAssembly itself. */
function trap(): never {
  const { wasm } = tf.backend() as unknown as WasmBackend;
  // An id that no tensor has: the kernel reads what lies nowhere.
  wasm.cwrap('Exp', null, ['number', 'number', 'number'])(2 ** 30, 1, 2 ** 30);
  throw new Error('it did not trap');
}

it.each([
  { failure: fillMemory, says: /^WebAssembly has no memory left for 537 MB more\.$/ },
  { failure: trap, says: /^WebAssembly failed \(.+\)\.$/ },
])(
  '[PF8] goes on where it was on a new heap, with less at a time: $failure.name',
  async ({ failure, says }) => {
    await startWasm();
    const outside = tf.memory().numTensors;
    const shares: number[] = [];
    const recoveries: Recovery[] = [];
    let fails = true;
    const train = async (breaksAt: number | null) => {
      const tuner = await recoveringTuner({
        maxLength: 32,
        onRecovery: (recovery) => recoveries.push(recovery),
        open: async (share) => {
          shares.push(share);
          await startWasm();
          const model = await loadModel(tinySource(tiny));
          const layout = model.layout({ rank: 4, alpha: 8, targets: PROJECTIONS });
          let steps = 0;
          const fragile = Object.create(model, {
            lossAndGradient: {
              value: (...args: Parameters<LanguageModel['lossAndGradient']>) => {
                if (++steps === breaksAt && fails) {
                  fails = false;
                  failure();
                }
                return model.lossAndGradient(...args);
              },
            },
          }) as LanguageModel;
          const batching = { maxLength: 32, padId: 22 };
          const parts = { layout, training: examples, heldOut: examples.slice(0, 2), batching };
          return {
            tuner: createLocalTuner({ model: fragile, ...parts, now: () => 0 }),
            dispose: () => model.dispose(),
          };
        },
      });
      const theta = initialTheta(tuner.layout, 1);
      const told: number[] = [];
      const tuning = tuner.tune({ theta, mask: Mask.full(theta.length) }, settings);
      for (;;) {
        const next = await tuning.next();
        if (next.done) {
          tuner.dispose();
          return { theta: next.value.theta, told };
        }
        if (next.value.kind === 'step') told.push(next.value.step);
      }
    };

    const undisturbed = await train(null);
    expect(recoveries).toEqual([]);
    shares.length = 0;
    const broken = await train(6);
    expect(recoveries.map(({ error }) => error.message)).toEqual([expect.stringMatching(says)]);
    expect(recoveries[0]?.error.code).toBe('device-wasm-memory');
    expect(recoveries[0]?.goingOn).toMatch(/^Going on from step \d+ with less at a time\.$/);
    expect(shares).toEqual([1, 0.75]);
    expect(broken.told).toEqual(undisturbed.told);
    expect(broken.theta).toEqual(undisturbed.theta);
    expect(tf.memory().numTensors).toBe(outside);
  },
  60_000,
);

it('lets go of a broken heap also where nobody tunes, and of nothing after any other error', async () => {
  await startWasm();
  const other = new Error('something else');
  expect(afterWasmFailure(other)).toBe(other);
  expect(afterWasmFailure(new RangeError('a count is wrong'))).toMatchObject({ message: 'a count is wrong' });
  const kept = tf.tensor1d([1, 2, 3]);
  expect(await tf.square(kept).data()).toEqual(Float32Array.from([1, 4, 9]));
  let thrown: unknown;
  try {
    trap();
  } catch (error) {
    thrown = error;
  }
  expect(afterWasmFailure(thrown)).toMatchObject({ code: 'device-wasm-memory' });
  // What lay there can be disposed, and a new heap computes.
  kept.dispose();
  await startWasm();
  expect(await tf.square(tf.tensor1d([1, 2, 3])).data()).toEqual(Float32Array.from([1, 4, 9]));
});
