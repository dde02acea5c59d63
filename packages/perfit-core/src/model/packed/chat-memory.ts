import type { Layout } from '@perfit/protocol/space';
import { sliceKeys } from '../../ops/causal-attention/flash-decode.ts';
import type { ModelConfig } from '../config.ts';
import type { StepMemory } from './buffer-pool.ts';
import type { Held } from './matrix-formats.ts';
import { emptyMemory, walkForward, weightBytes } from './memory.ts';
import { firstTablePositions, promptStep } from './packed-model.ts';
import type { ProgramsName } from './programs.ts';

// S places in the cache, P tokens of the prompt, D width, H heads, K key heads, d head width, V vocabulary, N adapter size.

/** What a reply holds on the device. */
export interface ChatShape {
  readonly held: Held;
  /** S, prompt and reply. */
  readonly contextLength: number;
  /** P; the whole context where absent, which is the most that a reply can take. */
  readonly promptLength?: number;
  /** Of the adapter that is talked to; none where absent. */
  readonly layout?: Pick<Layout, 'rank' | 'targets' | 'size'>;
  /** Whose memory: WebGPU's where absent. */
  readonly programs?: ProgramsName;
}

export interface PredictedChatBytes {
  /** The frozen weights. */
  readonly weights: number;
  /** Theta. */
  readonly adapter: number;
  /** Keys and values of S tokens. */
  readonly cache: number;
  /** Reading the prompt and writing token by token, as the pool of buffers holds them. */
  readonly step: number;
  readonly total: number;
}

const noAdapter = { rank: 0, targets: [], size: 0 };

/**
 * The bytes that generation takes on the device at its peak: the prompt in one pass, then one token a pass. Sizes of the
 * two differ, so that the pool keeps the buffers of both.
 */
export function predictChatBytes(config: ModelConfig, shape: ChatShape): PredictedChatBytes {
  const { held, contextLength, promptLength = contextLength, layout = noAdapter } = shape;
  const { memory: pool, overhead } = emptyMemory(shape.programs);
  const weights = overhead * weightBytes(config, held);
  const adapter = 4 * layout.size;
  const cache = overhead * 4 * 2 * config.layers * contextLength * config.keyHeads * config.headWidth;
  const prompt = Math.ceil(promptLength / promptStep) * promptStep;
  walkTables(config, { prompt, contextLength }, pool);
  walkPass(config, { length: prompt, layout }, pool);
  if (promptLength < contextLength) {
    pool.give(...walkSlices(config, contextLength, pool));
    walkPass(config, { length: 1, layout }, pool);
  }
  return { weights, adapter, cache, step: pool.peak, total: weights + adapter + cache + pool.peak };
}

/** Cosines and sines of doubling lengths; a pool by exact size keeps those that were outgrown. */
function walkTables(
  { headWidth }: ModelConfig,
  { prompt, contextLength }: { prompt: number; contextLength: number },
  pool: StepMemory,
): void {
  let positions = firstTablePositions;
  while (positions < prompt) positions *= 2;
  for (; ; positions *= 2) {
    for (const _ of ['cos', 'sin']) pool.take((positions * headWidth) / 2);
    if (positions >= contextLength) return;
  }
}

/** All blocks over so many new tokens, and the logits of the last. */
function walkPass(
  config: ModelConfig,
  { length, layout }: { length: number; layout: NonNullable<ChatShape['layout']> },
  pool: StepMemory,
): void {
  const { width, vocabSize } = config;
  let x = pool.take(length * width);
  for (let layer = 0; layer < config.layers; layer++) {
    const activations = walkForward(config, { rows: 1, length, layout }, pool);
    const y = pool.take(length * width);
    pool.give(...activations, x);
    x = y;
  }
  const last = pool.take(width);
  // On the device, and where the host reads them.
  const logits = [pool.take(vocabSize), pool.take(vocabSize)];
  pool.give(x, last, ...logits);
}

/** What one query makes of each slice of the cache, before they are weighed together. */
function walkSlices({ heads, headWidth }: ModelConfig, contextLength: number, pool: StepMemory): number[] {
  if (contextLength <= sliceKeys) return [];
  const slices = Math.ceil(contextLength / sliceKeys);
  return [pool.take(slices * heads * headWidth), pool.take(slices * heads)];
}
