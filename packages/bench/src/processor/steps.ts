import { type LanguageModel, workPerToken } from '@perfit/core';
import { LABELLED, type StepSizes, Tuning } from '../tuning.ts';
import { type MeasuredModel, openComposed, openOwn } from './subject.ts';

export interface ProcessorWish extends StepSizes {
  readonly steps: number;
  /** Tokens of a prompt that is read at once. */
  readonly prompt: number;
}

/** Rates of one way to compute, tokens a second; the best of the repetitions, which other work disturbs least. */
export interface ProcessorRates {
  readonly step: number;
  /** Billions of operations a second that a step is worth; what is computed twice counts twice. */
  readonly stepGflops: number;
  readonly prefill: number;
  readonly decode: number;
  readonly precision: string;
  readonly checkpointing: boolean;
  readonly rowsAtOnce: number;
}

/** A step, a prompt and words one by one, of a model on the current WASM backend. */
export async function benchOnProcessor(
  measured: MeasuredModel,
  wish: ProcessorWish,
  programs: 'own' | 'composed',
): Promise<ProcessorRates> {
  const { rows, length, steps, prompt } = wish;
  const { model, plan } = await (programs === 'own' ? openOwn : openComposed)(measured, wish);
  const { checkpointing, rowsAtOnce } = plan;
  const tuning = new Tuning(model, { ...wish, labelled: 'half' });
  const adapterSize = tuning.layout.size;
  const step = (1000 * rows * length) / (await best(steps, () => tuning.step()));
  tuning.dispose();
  const words = Array.from({ length: prompt }, (_, i) => (i * 37) % model.config.vocabSize);
  const prefill = await best(2, async () => {
    const cache = model.createCache(prompt + 16);
    const logits = model.nextLogits(null, words, cache);
    await logits.data();
    logits.dispose();
    cache.dispose();
  });
  const decode = await decodeRate(model, words.slice(0, 64));
  const work = workPerToken(model.config, { adapterSize, length, checkpointing, labelled: LABELLED.half });
  const { precision } = model;
  model.dispose();
  return {
    step,
    stepGflops: (step * work.step) / 1e9,
    prefill: (1000 * prompt) / prefill,
    decode,
    precision,
    checkpointing,
    rowsAtOnce,
  };
}

async function decodeRate(model: LanguageModel, words: readonly number[]): Promise<number> {
  const count = 16;
  const cache = model.createCache(words.length + 8 * count);
  model.nextLogits(null, words, cache).dispose();
  const milliseconds = await best(3, async () => {
    if (cache.length + count > cache.capacity) cache.truncate(words.length);
    for (let i = 0; i < count; i++) {
      const logits = model.nextLogits(null, [i], cache);
      await logits.data();
      logits.dispose();
    }
  });
  cache.dispose();
  return (1000 * count) / milliseconds;
}

/** What takes milliseconds is repeated for so long: its best is else the luck of a few. */
const SHORTEST_MS = 3000;

async function best(repetitions: number, run: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let i = 0; i <= repetitions || spent < SHORTEST_MS; i++) {
    const began = performance.now();
    await run();
    const milliseconds = performance.now() - began;
    // The first one compiles and warms up.
    if (i === 0) continue;
    least = Math.min(least, milliseconds);
    spent += milliseconds;
  }
  return least;
}
