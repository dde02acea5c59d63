// The pieces that a benchmark times one by one. A product takes what index.ts has.

export { MODEL_SHAPES, type ModelShape } from './catalogue/model-shapes.ts';
export { predictStepBytes } from './model/packed/memory.ts';
export { PackedModel } from './model/packed/packed-model.ts';
export { currentPrograms, type Programs } from './model/packed/programs.ts';
export { syntheticSource } from './model/synthetic-source.ts';
export { type AdamWStep, type AdamWTensors, type OwnedAdamW, ownedAdamW } from './ops/adamw/adamw.ts';
export { ComposedAdamW } from './ops/adamw/composed-adamw.ts';
export { FusedAdamW } from './ops/adamw/fused-adamw.ts';
export { causalAttention, causalMask } from './ops/causal-attention/causal-attention.ts';
export { flashAttention } from './ops/causal-attention/flash-attention.ts';
export { keepHighestOnDevice } from './ops/keep-highest/keep-highest.ts';
export { maskTensor } from './ops/mask-bits/mask-bits.ts';
export {
  linearForward,
  loraDown,
  loraDownGradient,
  loraGradients,
  type PackedAdapter,
} from './ops/packed-linear/packed-linear.ts';
export { vectorProduct } from './ops/packed-linear/packed-vector.ts';
export type { Format } from './ops/packed-matrix/formats.ts';
export { PackedMatrix } from './ops/packed-matrix/packed-matrix.ts';
export { rmsNorm } from './ops/rms-norm/rms-norm.ts';
export { rmsNormForward } from './ops/rms-norm/rms-norm-wgsl.ts';
export { swiglu } from './ops/swiglu/swiglu.ts';
export type { OpenOther } from './parity/other-model.ts';
export { autotune } from './speed/autotune.ts';
export { noise } from './speed/noise.ts';
export { type Timing, timeOnDevice } from './speed/timing.ts';
export { WasmRunner } from './wasm/runner.ts';
export type { WasmBackend } from './wasm/wasm-heap.ts';
export { unsigned } from './wgsl/access.ts';
export type { WgslProgram } from './wgsl/program.ts';
export type { RowLanes } from './wgsl/row-lanes.ts';
export { WgslRunner } from './wgsl/runner.ts';
export type { TileShape } from './wgsl/tiled-product.ts';
