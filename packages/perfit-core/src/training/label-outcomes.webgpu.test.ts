import { initialTheta, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { isLongForm } from '../../../../testing/form.ts';
import { eachBackend } from '../../test/each-backend.ts';
import { perfitNano } from '../../test/places.ts';
import { MODEL_SHAPES } from '../catalogue/model-shapes.ts';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { loadModel } from '../model/load-model.ts';
import { syntheticSource } from '../model/synthetic-source.ts';
import { directorySource } from '../node/directory-source.ts';
import type { Example } from '../text/example.ts';
import { tokenizeExamples } from '../text/examples.ts';
import { loadTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import { evaluate } from './evaluate.ts';
import { labelLosses } from './label-losses.ts';

const maxLength = 96;
/** Of many lengths, not in their order: eleven, so that one batch is not full. */
const texts: Example[] = Array.from({ length: 11 }, (_, i) => ({
  instruction: `Question ${i}${' and more'.repeat((i * 5) % 7)}?`,
  response: `Answer ${i}${' with words'.repeat((i * 3) % 8)}.`,
}));

eachBackend('the losses of single labels', (start) => {
  let model: LanguageModel;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    await start();
    const nano = directorySource(perfitNano);
    tokenizer = await loadTokenizer(nano);
    // What is held against each other are two ways to the same numbers: a narrow model of random weights has them, too.
    const narrow = { num_hidden_layers: 1, hidden_size: 32, intermediate_size: 64 };
    model = await loadModel(isLongForm ? nano : syntheticSource({ ...MODEL_SHAPES.nano, ...narrow }));
  }, 60_000);

  const lossesOf = (adapter: AdapterTensors | null, examples: readonly Example[], signal?: AbortSignal) =>
    labelLosses({ model, adapter }, tokenizeExamples(examples, tokenizer, { maxLength }).examples, {
      maxLength,
      padId: tokenizer.padId,
      ...(signal ? { signal } : {}),
    });

  it('[PF8] have the perplexity of the whole as their mean, for the base model and an adapter', async () => {
    const layout = model.layout({ rank: 2, alpha: 16, targets: PROJECTIONS });
    const theta = initialTheta(layout, 3).map((value, p) => value || ((p % 7) - 3) / 40);
    const adapter = AdapterTensors.fromTheta(layout, theta);
    const figures: number[] = [];
    for (const tuned of [null, adapter]) {
      const whole = await evaluate({ model, tokenizer, adapter: tuned }, texts, { maxLength });
      const losses = (await lossesOf(tuned, texts)).flatMap((row) => [...row]);
      expect(losses.length).toBe(whole.responseTokens);
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      expect(Math.abs(Math.exp(mean) / whole.perplexity - 1)).toBeLessThan(1e-4);
      figures.push(whole.perplexity);
    }
    expect(figures[0]).not.toBeCloseTo(figures[1] as number, 1);
    adapter.dispose();
  }, 120_000);

  it('come in the order of the rows, each as if it were alone', async () => {
    const chosen = texts.slice(2, 6);
    const together = await lossesOf(null, chosen);
    for (const [i, example] of chosen.entries()) {
      const [alone] = await lossesOf(null, [example]);
      expect(together[i]?.length).toBe(alone?.length);
      together[i]?.forEach((loss, t) => {
        expect(Math.abs(loss - (alone?.[t] as number))).toBeLessThan(1e-3);
      });
    }
  }, 120_000);

  it('free every tensor, also where somebody stops them', async () => {
    await lossesOf(null, texts.slice(0, 3));
    const before = tf.memory().numTensors;
    await lossesOf(null, texts.slice(0, 3));
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(lossesOf(null, texts.slice(0, 3), stop.signal)).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  }, 120_000);
});
