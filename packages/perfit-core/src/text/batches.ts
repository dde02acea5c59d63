import { seededRandom, shuffled } from '@perfit/protocol/space';
import { NO_LOSS, type TokenizedExample } from './examples.ts';
import type { TokenBatch } from './token-batch.ts';

export interface BatchOptions {
  /** B: every batch has this many rows, except the last. */
  readonly batchSize: number;
  /** No row is longer, padding included. */
  readonly maxLength: number;
  readonly padId: number;
  /** Order of the examples in training. Without it batches come by length, the same every time: for evaluation. */
  readonly seed?: number;
}

/** Few lengths, so that few shapes of tensors exist: the WebGPU backend pools buffers by their exact size. */
const BUCKETS = [32, 48, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096];

/** Batches of similar lengths are cut from windows of this many batches: less padding, and still a random order. */
const WINDOW_BATCHES = 8;

/**
 * Rows of tokens with shifted labels, right-padded to the smallest bucket that takes the longest row. A row has one
 * token less than its example: the last token has nothing to predict.
 * @throws RangeError where an example is longer than maxLength allows.
 */
export function makeBatches(examples: readonly TokenizedExample[], options: BatchOptions): TokenBatch[] {
  const { batchSize, seed } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`a batch has at least 1 row, not ${batchSize}`);
  const usable = examples.filter((example) => example.ids.length > 1);
  if (seed === undefined) return cutBatches(byLength(usable), options);
  const random = seededRandom(seed);
  const order = shuffled(usable, random);
  const windows: TokenizedExample[] = [];
  const windowSize = batchSize * WINDOW_BATCHES;
  for (let start = 0; start < order.length; start += windowSize) {
    windows.push(...byLength(order.slice(start, start + windowSize)));
  }
  const batches = cutBatches(windows, options);
  const short = batches.filter((batch) => batch.rows < batchSize);
  const full = batches.filter((batch) => batch.rows === batchSize);
  return [...shuffled(full, random), ...short];
}

/** The padded length of a row of `length` tokens. */
export function bucketLength(length: number, maxLength: number): number {
  const bucket = BUCKETS.find((candidate) => candidate >= length) ?? Math.ceil(length / 1024) * 1024;
  return Math.min(bucket, maxLength);
}

function byLength(examples: readonly TokenizedExample[]): TokenizedExample[] {
  return [...examples].sort((a, b) => a.ids.length - b.ids.length);
}

function cutBatches(examples: readonly TokenizedExample[], options: BatchOptions): TokenBatch[] {
  const batches: TokenBatch[] = [];
  for (let start = 0; start < examples.length; start += options.batchSize) {
    batches.push(toBatch(examples.slice(start, start + options.batchSize), options));
  }
  return batches;
}

function toBatch(examples: readonly TokenizedExample[], { maxLength, padId }: BatchOptions): TokenBatch {
  const rows = examples.length;
  const longest = Math.max(...examples.map((example) => example.ids.length - 1));
  if (longest > maxLength) throw new RangeError(`a row of ${longest} tokens does not fit into ${maxLength}`);
  const length = bucketLength(longest, maxLength);
  const inputIds = new Int32Array(rows * length).fill(padId);
  const labels = new Int32Array(rows * length).fill(NO_LOSS);
  let tokens = 0;
  examples.forEach((example, row) => {
    const last = example.ids.length - 1;
    inputIds.set(example.ids.subarray(0, last), row * length);
    labels.set(example.labels.subarray(1), row * length);
    tokens += last;
  });
  return { inputIds, labels, rows, length, tokens };
}
