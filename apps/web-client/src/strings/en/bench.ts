export const strings = {
  title: 'What this graphics processor can do',
  lead: 'Measures tuning and generation in this browser: first what the processor can do at most, then our programs against that and against TensorFlow.js. Nothing is sent. It takes a few minutes; leave the tab in front.',
  measure: 'Measurement',
  start: 'Measure',
  again: 'Measure again',
  save: 'Save as JSON',
  limits: 'At most',
  steps: 'A step of tuning',
  generation: 'Generation',
  ops: 'Each op alone',
  ways: 'Programs made in other ways',
  chosen: 'chosen',
  stepColumns: ['model', 'B × T', 'tokens/s', 'TensorFlow.js', 'ratio', 'dispatches', 'peak MB', 'predicted'],
  decodeColumns: ['model', 'prompt tokens/s', 'tokens/s', 'of the copy rate'],
  opColumns: ['op', 'shape', 'ms', 'GFLOP/s', 'GB/s', 'of its limit', 'TensorFlow.js'],
  wayColumns: ['op', 'way', 'shape', 'ms', 'against the chosen'],
} as const;

export function limitsLine(gflops: string, gbps: string): string {
  return `${gflops} GFLOP/s of f32 multiply-adds, ${gbps} GB/s copied`;
}
