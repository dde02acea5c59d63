import type { ModelConfig } from '@perfit/core';
import {
  ComposedAdamW,
  causalAttention,
  causalMask,
  currentPrograms,
  type Format,
  noise,
  ownedAdamW,
  type PackedAdapter,
  PackedMatrix,
  type Programs,
  rmsNorm,
  swiglu,
  timeOnDevice,
} from '@perfit/core/programs';
import { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { Limits } from './limits.ts';
import { STEP } from './tuning.ts';

export interface OpResult {
  readonly name: string;
  readonly shape: string;
  readonly milliseconds: number;
  readonly gflops: number;
  readonly gbps: number;
  /** Of the limit that binds: FMA rate for products, copy rate for what only moves numbers. */
  readonly shareOfLimit: number;
  /** How many times as long the same takes in tfjs' ops; null where there is no such op. */
  readonly composedRatio: number | null;
}

/** An op with what it costs at least. */
interface Case {
  readonly name: string;
  readonly shape: string;
  readonly operations: number;
  readonly bytes: number;
  readonly binds: 'fma' | 'copy';
  readonly run: () => tf.Tensor;
  readonly composed?: () => tf.Tensor;
}

/** The ops of one layer of a model at B rows of T tokens, each timed alone. */
export async function* benchOps(
  config: ModelConfig,
  at: { rows: number; length: number; format: Format; rank: number; limits: Limits },
): AsyncGenerator<OpResult> {
  const programs = currentPrograms();
  for (const make of [linearCases, attentionCases, elementwiseCases, headCases, optimizerCases]) {
    const tensors: { dispose(): void }[] = [];
    const own = <T extends { dispose(): void }>(made: T): T => {
      tensors.push(made);
      return made;
    };
    for (const item of make(config, { ...at, programs }, own)) yield await measure(item, at.limits);
    for (const tensor of tensors) tensor.dispose();
    programs.trim();
  }
}

async function measure(item: Case, limits: Limits): Promise<OpResult> {
  const { name, shape, operations, bytes, binds, run, composed } = item;
  const { milliseconds } = await timeOnDevice(run);
  const gflops = operations / milliseconds / 1e6;
  const gbps = bytes / milliseconds / 1e6;
  const shareOfLimit = binds === 'fma' ? gflops / limits.fmaGflops : gbps / limits.copyGBps;
  const theirs = composed && (await timeOnDevice(composed)).milliseconds;
  return {
    name,
    shape,
    milliseconds,
    gflops,
    gbps,
    shareOfLimit,
    composedRatio: theirs ? theirs / milliseconds : null,
  };
}

type Own = <T extends { dispose(): void }>(made: T) => T;
type At = { rows: number; length: number; format: Format; rank: number; programs: Programs };

function linearCases(config: ModelConfig, { rows, length, format, rank, programs }: At, own: Own): Case[] {
  const [m, inWidth, outWidth] = [rows * length, config.width, 2 * config.feedForwardWidth];
  const weight = own(PackedMatrix.from(format, noise(outWidth * inWidth), { rows: outWidth, columns: inWidth }));
  const natural = own(tf.tensor2d(noise(outWidth * inWidth), [outWidth, inWidth]));
  const x = own(tf.tensor2d(noise(m * inWidth), [m, inWidth]));
  const dy = own(tf.tensor2d(noise(m * outWidth), [m, outWidth]));
  const theta = own(tf.tensor1d(noise(2 * rank * inWidth + rank * outWidth)));
  const half = outWidth / 2;
  const modules = [
    { start: 0, width: half, offsetA: 0, offsetB: rank * inWidth },
    { start: half, width: half, offsetA: rank * (inWidth + half), offsetB: rank * (2 * inWidth + half) },
  ];
  const adapter: PackedAdapter = { theta, rank, scale: 1, modules };
  const a = own(tf.tensor2d(noise(2 * rank * inWidth), [2 * rank, inWidth]));
  const b = own(tf.tensor2d(noise(outWidth * 2 * rank), [outWidth, 2 * rank]));
  const linear = { weight, bias: null };
  const one = own(tf.tensor2d(noise(inWidth), [1, inWidth]));
  const shape = `[${m}, ${inWidth}] x [${outWidth}, ${inWidth}], rank ${rank}, ${format}`;
  const weightBytes = weight.bytes;
  const bytes = 4 * m * (inWidth + outWidth) + weightBytes;
  const operations = 2 * m * outWidth * (inWidth + rank) + 4 * m * inWidth * rank;
  return [
    {
      name: 'linear with LoRA',
      shape,
      operations,
      bytes,
      binds: 'fma',
      run: () => tf.tidy(() => programs.linearForward(x, linear, { adapter, low: programs.loraDown(x, adapter) })),
      composed: () =>
        tf.tidy(() =>
          tf.add(tf.matMul(x, natural, false, true), tf.matMul(tf.matMul(x, a, false, true), b, false, true)),
        ),
    },
    {
      name: 'linear, gradient to x',
      shape,
      operations: 2 * m * outWidth * inWidth,
      bytes,
      binds: 'fma',
      run: () => programs.linearBackward(dy, linear, { adapter: null, dLow: null }),
      composed: () => tf.matMul(dy, natural),
    },
    {
      name: 'linear of one row',
      shape: `[1, ${inWidth}] x [${outWidth}, ${inWidth}], ${format}`,
      operations: 2 * outWidth * inWidth,
      bytes: weightBytes,
      binds: 'copy',
      run: () => programs.vectorProduct(one, weight),
      composed: () => tf.matMul(one, natural, false, true),
    },
  ];
}

function attentionCases(config: ModelConfig, { rows, length, programs }: At, own: Own): Case[] {
  const { heads, keyHeads, headWidth } = config;
  const m = rows * length;
  const rotatedWidth = (heads + keyHeads) * headWidth;
  const qkvWidth = (heads + 2 * keyHeads) * headWidth;
  const rotated = own(tf.tensor2d(noise(m * rotatedWidth), [m, rotatedWidth]));
  const qkv = own(tf.tensor2d(noise(m * qkvWidth), [m, qkvWidth]));
  const dOut = own(tf.tensor2d(noise(m * heads * headWidth), [m, heads * headWidth]));
  const view = (tensor: tf.Tensor2D, head: number) => {
    return { tensor, column: head * headWidth, stride: tensor.shape[1], rowsPerSequence: length };
  };
  const views = { queries: view(rotated, 0), keys: view(rotated, heads), values: view(qkv, heads + keyHeads) };
  const shape = { sequences: rows, heads, keyHeads, headWidth };
  const forward = programs.attention({ ...views, starts: null, shape });
  const { out, logSumExp } = { out: own(forward.out), logSumExp: own(forward.logSumExp) };
  const dRotated = own(programs.empty<tf.Tensor2D>([m, rotatedWidth]));
  const dQkv = own(programs.empty<tf.Tensor2D>([m, qkvWidth]));
  const q = own(tf.tensor4d(noise(m * heads * headWidth), [rows, length, heads, headWidth]));
  const [k, v] = [1, 2].map(() =>
    own(tf.tensor4d(noise(m * keyHeads * headWidth), [rows, length, keyHeads, headWidth])),
  );
  const mask = own(causalMask(heads / keyHeads, length, length));
  const text = `B ${rows}, T ${length}, H ${heads}, K ${keyHeads}, d ${headWidth}`;
  // Half of the square is masked.
  const product = rows * heads * length * length * headWidth;
  const bytes = 4 * m * (rotatedWidth + keyHeads * headWidth + heads * headWidth);
  return [
    {
      name: 'attention',
      shape: text,
      operations: 2 * product,
      bytes,
      binds: 'fma',
      run: () => {
        const { out, logSumExp } = programs.attention({ ...views, starts: null, shape });
        logSumExp.dispose();
        return out;
      },
      composed: () => tf.tidy(() => causalAttention(q, k as tf.Tensor4D, v as tf.Tensor4D, mask)),
    },
    {
      name: 'attention, gradients',
      shape: text,
      operations: 5 * product,
      bytes: 2 * bytes,
      binds: 'fma',
      run: () => {
        programs.attentionBackward({ ...views, starts: null, shape, out, logSumExp, dOut, dRotated, dQkv });
        return dQkv.clone();
      },
    },
  ];
}

function elementwiseCases(config: ModelConfig, { rows, length, programs }: At, own: Own): Case[] {
  const [m, width, wide] = [rows * length, config.width, config.feedForwardWidth];
  const x = own(tf.tensor2d(noise(m * width), [m, width]));
  const weight = own(tf.tensor1d(noise(width)));
  const gateUp = own(tf.tensor2d(noise(2 * m * wide), [m, 2 * wide]));
  const [gate, up] = [1, 2].map(() => own(tf.tensor2d(noise(m * wide), [m, wide]))) as [tf.Tensor2D, tf.Tensor2D];
  return [
    {
      name: 'RMSNorm',
      shape: `[${m}, ${width}]`,
      operations: 4 * m * width,
      bytes: 8 * m * width,
      binds: 'copy',
      run: () => programs.rmsNormForward({ x, weight, eps: 1e-5 }),
      composed: () => tf.tidy(() => rmsNorm(x, weight, 1e-5)),
    },
    {
      name: 'SwiGLU',
      shape: `[${m}, ${wide}]`,
      operations: 6 * m * wide,
      bytes: 12 * m * wide,
      binds: 'copy',
      run: () => programs.swigluForward(gateUp),
      composed: () => tf.tidy(() => swiglu(gate, up)),
    },
  ];
}

function headCases(config: ModelConfig, { rows, length, format, programs }: At, own: Own): Case[] {
  const { width, vocabSize } = config;
  const labelled = Math.max(32, (rows * length) / 4);
  const head = own(PackedMatrix.from(format, noise(vocabSize * width), { rows: vocabSize, columns: width }));
  const hidden = own(tf.tensor2d(noise(labelled * width), [labelled, width]));
  const labels = own(
    tf.tensor1d(
      Int32Array.from({ length: labelled }, (_, i) => (i * 97) % vocabSize),
      'int32',
    ),
  );
  const weights = own(tf.fill([labelled], 1 / labelled) as tf.Tensor1D);
  return [
    {
      name: 'head, loss and gradient',
      shape: `[${labelled}, ${width}] x [${vocabSize}, ${width}], ${format}`,
      operations: 6 * labelled * width * vocabSize,
      bytes: 3 * head.bytes,
      binds: 'fma',
      run: () => {
        const { loss, dHidden } = programs.headGradient(hidden, head, { labels, weights });
        loss.dispose();
        return dHidden;
      },
    },
  ];
}

function optimizerCases(config: ModelConfig, { rank }: At, own: Own): Case[] {
  const size = 4 * Math.ceil((config.layers * rank * (6 * config.width + 3 * config.feedForwardWidth)) / 4);
  const mask = Mask.from(size, (p) => p % 2 === 0);
  const fresh = () => {
    const [theta, firstMoment, secondMoment] = [1, 2, 3].map(() => tf.keep(tf.zeros([size]))) as tf.Tensor1D[];
    return { theta, firstMoment, secondMoment } as { [name in 'theta' | 'firstMoment' | 'secondMoment']: tf.Tensor1D };
  };
  const fused = own(ownedAdamW(fresh(), mask));
  const composed = own(new ComposedAdamW(fresh(), mask));
  const gradient = own(tf.tensor1d(noise(size)));
  return [
    {
      name: 'AdamW, clipped and masked',
      shape: `[${size}]`,
      operations: 12 * size,
      // The gradient twice; theta and both moments read and written.
      bytes: 4 * 8 * size,
      binds: 'copy',
      run: () => {
        fused.apply(gradient, STEP, null);
        return fused.tensors.theta.clone();
      },
      composed: () => {
        composed.apply(gradient, STEP, null);
        return composed.tensors.theta.clone();
      },
    },
  ];
}
