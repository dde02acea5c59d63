export const strings = {
  leave: 'Leave',
  progress: 'Progress of the present step',
  beforeRounds: 'Before the first round',
  offline: 'not connected at the moment',
  loss: 'Training loss',
  lossLead: 'How surprised the model is by the answers in your text, step by step. Down is good.',
  perplexity: 'Perplexity on your held-out examples',
  perplexityLead:
    'How many words the model hesitates between, on examples that it never trained on. Lower is better: base is the untouched model, received is what came from everybody, tuned is yours.',
  figures: 'This session',
  mask: 'Your mask',
  maskLead: 'The share of each layer that matters for your text, and that you own.',
  evenMask: 'It is the same share of every layer: this federation searches each matrix by itself.',
  noFigures: 'Figures come with the first round',
} as const;
