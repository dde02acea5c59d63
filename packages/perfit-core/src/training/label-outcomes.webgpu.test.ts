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
import { makeBatches } from '../text/batches.ts';
import type { Example } from '../text/example.ts';
import { tokenizeExamples } from '../text/examples.ts';
import { loadTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import { evaluate } from './evaluate.ts';
import { labelOutcomes } from './label-outcomes.ts';
import { perplexity } from './perplexity.ts';

const maxLength = 96;
/** Of many lengths, not in their order: eleven, so that one batch is not full. */
const texts: Example[] = Array.from({ length: 11 }, (_, i) => ({
  instruction: `Question ${i}${' and more'.repeat((i * 5) % 7)}?`,
  response: `Answer ${i}${' with words'.repeat((i * 3) % 8)}.`,
}));

eachBackend('what comes of single labels', (start) => {
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

  const rowsOf = (examples: readonly Example[]) => tokenizeExamples(examples, tokenizer, { maxLength }).examples;
  const outcomesOf = (adapter: AdapterTensors | null, examples: readonly Example[], signal?: AbortSignal) =>
    labelOutcomes({ model, adapter }, rowsOf(examples), {
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
      const batches = makeBatches(rowsOf(texts), { batchSize: 4, maxLength, padId: tokenizer.padId });
      const whole = await perplexity(model, tuned, batches);
      const evaluation = await evaluate({ model, tokenizer, adapter: tuned }, texts, { maxLength });
      const outcomes = await outcomesOf(tuned, texts);
      const losses = outcomes.flatMap((row) => [...row.losses]);
      expect(losses.length).toBe(evaluation.responseTokens);
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      expect(Math.abs(Math.exp(mean) / whole - 1)).toBeLessThan(1e-4);
      expect(Math.abs(evaluation.perplexity / whole - 1)).toBeLessThan(1e-4);
      const hits = outcomes.flatMap((row) => [...row.hits]);
      expect(evaluation.tokenAccuracy).toBe(hits.reduce((sum, hit) => sum + hit, 0) / losses.length);
      // Half as likely as everything else together, and it is the likeliest; less likely than one of V, and it is not.
      hits.forEach((hit, t) => {
        if ((losses[t] as number) < Math.log(2)) expect(hit).toBe(1);
        if ((losses[t] as number) > Math.log(model.config.vocabSize) + 1e-3) expect(hit).toBe(0);
      });
      figures.push(whole);
    }
    expect(figures[0]).not.toBeCloseTo(figures[1] as number, 1);
    adapter.dispose();
  }, 120_000);

  it('come in the order of the rows, each as if it were alone', async () => {
    const chosen = texts.slice(2, 6);
    const together = await outcomesOf(null, chosen);
    for (const [i, example] of chosen.entries()) {
      const [alone] = await outcomesOf(null, [example]);
      expect(together[i]?.losses.length).toBe(alone?.losses.length);
      expect(together[i]?.hits).toEqual(alone?.hits);
      together[i]?.losses.forEach((loss, t) => {
        expect(Math.abs(loss - (alone?.losses[t] as number))).toBeLessThan(1e-3);
      });
    }
  }, 120_000);

  it('free every tensor, also where somebody stops them', async () => {
    await outcomesOf(null, texts.slice(0, 3));
    const before = tf.memory().numTensors;
    await outcomesOf(null, texts.slice(0, 3));
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(outcomesOf(null, texts.slice(0, 3), stop.signal)).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  }, 120_000);
});
