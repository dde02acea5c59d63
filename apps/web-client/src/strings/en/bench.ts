export const strings = {
  title: 'GPU benchmark',
  lead: 'Measures tuning and generation in this browser: first the GPU’s peak, then our kernels against that peak and against TensorFlow.js. Nothing is sent. It takes a few minutes; keep this tab in front.',
  measure: 'Benchmark',
  start: 'Run benchmark',
  again: 'Run again',
  save: 'Save as JSON',
  limits: 'Peak',
  steps: 'Tuning step',
  generation: 'Generation',
  ops: 'Individual ops',
  ways: 'Alternative kernels',
  chosen: 'chosen',
  stepColumns: ['model', 'B × T', 'tokens/s', 'TensorFlow.js', 'ratio', 'dispatches', 'peak MB', 'predicted'],
  decodeColumns: ['model', 'prompt tokens/s', 'tokens/s', 'of copy rate'],
  opColumns: ['op', 'shape', 'ms', 'GFLOP/s', 'GB/s', 'of its peak', 'TensorFlow.js'],
  wayColumns: ['op', 'variant', 'shape', 'ms', 'vs. chosen'],
} as const;

export function limitsLine(gflops: string, gbps: string): string {
  return `${gflops} GFLOP/s (f32 multiply-add), ${gbps} GB/s (copy)`;
}
