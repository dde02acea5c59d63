export { MODEL_SHAPES, type ModelShape } from '@perfit/core/programs';
export { type Limits, measureLimits } from './limits.ts';
export { benchOps, type OpResult } from './ops.ts';
export { benchWasmPeak } from './processor/peak.ts';
export { benchOnProcessor, type ProcessorRates, type ProcessorWish } from './processor/steps.ts';
export { byShape, type MeasuredModel } from './processor/subject.ts';
export { type BenchReport, type BenchWish, comparedTasks, runBench, runPeaks } from './webgpu/run-bench.ts';
export {
  ourSide,
  type SharedArray,
  type SharedAttention,
  type SharedMatmul,
  type SharedStep,
  type SharedTask,
  type Side,
} from './webgpu/shared-tasks.ts';
