export { MODEL_SHAPES, type ModelShape } from '@perfit/core/programs';
export { benchWasmPeak } from './processor/peak.ts';
export { benchOnProcessor, type ProcessorRates, productRates } from './processor/steps.ts';
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
