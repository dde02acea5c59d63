import * as tf from '@tensorflow/tfjs-core';
import { attention, attentionBackward } from '../../ops/causal-attention/attention-wasm.ts';
import { flashAttention, flashAttentionBackward } from '../../ops/causal-attention/flash-attention.ts';
import { copyColumns } from '../../ops/gather-rows/copy-columns.ts';
import { copyColumnsOnWasm, gatherOnWasm } from '../../ops/gather-rows/rows-wasm.ts';
import { headGradient, headLogits, headLoss, headRowOutcomes } from '../../ops/head-cross-entropy/head-wasm.ts';
import {
  packedHeadGradient,
  packedHeadLoss,
  packedHeadRowOutcomes,
  packedLogits,
} from '../../ops/head-cross-entropy/packed-head.ts';
import * as onWasm from '../../ops/packed-linear/linear-wasm.ts';
import * as onWebGpu from '../../ops/packed-linear/packed-linear.ts';
import { vectorProduct } from '../../ops/packed-linear/packed-vector.ts';
import { gatherRows } from '../../ops/packed-matrix/packed-matrix.ts';
import * as normOnWasm from '../../ops/rms-norm/rms-norm-wasm.ts';
import * as normOnWebGpu from '../../ops/rms-norm/rms-norm-wgsl.ts';
import * as ropeOnWasm from '../../ops/rope/rope-wasm.ts';
import * as ropeOnWebGpu from '../../ops/rope/rope-wgsl.ts';
import * as gateOnWasm from '../../ops/swiglu/swiglu-wasm.ts';
import * as gateOnWebGpu from '../../ops/swiglu/swiglu-wgsl.ts';
import { WasmRunner } from '../../wasm/runner.ts';
import { WgslRunner } from '../../wgsl/runner.ts';

/** Whose they are. */
export type ProgramsName = 'wgsl' | 'wasm';

/** What a packed model computes with. Tensors lie on the current backend; shapes are said where each program is. */
export interface Programs {
  readonly name: ProgramsName;
  /** Programs that were run, ever; WebGPU's alone are counted. */
  runs(): number;
  /** Of a step of another shape: nothing that was kept for the last one is needed. */
  trim(): void;
  /** A tensor whose numbers are whatever its memory held before. */
  empty<T extends tf.Tensor>(shape: readonly number[]): T;
  readonly gatherRows: typeof gatherRows;
  readonly copyColumns: typeof copyColumns;
  readonly rmsNormForward: typeof normOnWebGpu.rmsNormForward;
  readonly rmsNormBackward: typeof normOnWebGpu.rmsNormBackward;
  readonly ropeForward: typeof ropeOnWebGpu.ropeForward;
  readonly ropeBackward: typeof ropeOnWebGpu.ropeBackward;
  readonly attention: typeof flashAttention;
  readonly attentionBackward: typeof flashAttentionBackward;
  readonly swigluForward: typeof gateOnWebGpu.swigluForward;
  readonly swigluBackward: typeof gateOnWebGpu.swigluBackward;
  readonly linearForward: typeof onWasm.linearForward;
  readonly linearBackward: typeof onWasm.linearBackward;
  readonly vectorProduct: typeof onWasm.vectorProduct;
  readonly loraDown: typeof onWasm.loraDown;
  readonly loraDownGradient: typeof onWasm.loraDownGradient;
  readonly loraGradients: typeof onWasm.loraGradients;
  readonly headGradient: typeof headGradient;
  readonly headLoss: typeof headLoss;
  readonly headRowOutcomes: typeof headRowOutcomes;
  readonly headLogits: typeof headLogits;
}

const webGpu: Programs = {
  name: 'wgsl',
  runs: () => WgslRunner.current().dispatches,
  trim: () => WgslRunner.current().trimPool(),
  empty: (shape) => WgslRunner.current().empty(shape),
  gatherRows,
  copyColumns,
  rmsNormForward: normOnWebGpu.rmsNormForward,
  rmsNormBackward: normOnWebGpu.rmsNormBackward,
  ropeForward: ropeOnWebGpu.ropeForward,
  ropeBackward: ropeOnWebGpu.ropeBackward,
  attention: flashAttention,
  attentionBackward: flashAttentionBackward,
  swigluForward: gateOnWebGpu.swigluForward,
  swigluBackward: gateOnWebGpu.swigluBackward,
  linearForward: onWebGpu.linearForward,
  linearBackward: onWebGpu.linearBackward,
  vectorProduct,
  loraDown: onWebGpu.loraDown,
  loraDownGradient: onWebGpu.loraDownGradient,
  loraGradients: onWebGpu.loraGradients,
  headGradient: packedHeadGradient,
  headLoss: packedHeadLoss,
  headRowOutcomes: packedHeadRowOutcomes,
  headLogits: packedLogits,
};

const wasm: Programs = {
  name: 'wasm',
  runs: () => 0,
  trim: () => {},
  empty: (shape) => WasmRunner.current().empty(shape),
  gatherRows: gatherOnWasm,
  copyColumns: copyColumnsOnWasm,
  rmsNormForward: normOnWasm.rmsNormForward,
  rmsNormBackward: normOnWasm.rmsNormBackward,
  ropeForward: ropeOnWasm.ropeForward,
  ropeBackward: ropeOnWasm.ropeBackward,
  attention,
  attentionBackward,
  swigluForward: gateOnWasm.swigluForward,
  swigluBackward: gateOnWasm.swigluBackward,
  linearForward: onWasm.linearForward,
  linearBackward: onWasm.linearBackward,
  vectorProduct: onWasm.vectorProduct,
  loraDown: onWasm.loraDown,
  loraDownGradient: onWasm.loraDownGradient,
  loraGradients: onWasm.loraGradients,
  headGradient,
  headLoss,
  headRowOutcomes,
  headLogits,
};

/** Those of the current backend. */
export function currentPrograms(): Programs {
  return tf.getBackend() === 'wasm' ? wasm : webGpu;
}
