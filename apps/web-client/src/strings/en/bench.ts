export const strings = {
  title: 'What this graphics processor can do',
  lead: 'Measures tuning and generation in this browser: first what the processor can do at most, then our programs against that and against TensorFlow.js. Nothing is sent. It takes a few minutes; leave the tab in front.',
  start: 'Measure',
  again: 'Measure again',
  save: 'Save as JSON',
  limits: 'At most',
  steps: 'A step of tuning',
  generation: 'Generation',
  ops: 'Each op alone',
} as const;
