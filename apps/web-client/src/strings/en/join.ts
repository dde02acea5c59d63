export const strings = {
  notStarted: 'Not started',
  notFound: 'Could not load this federation',
  allFederations: 'See all federations',
  over: 'This federation has ended',
  overWhy: 'It no longer accepts new people. Choose another one.',
  needsText: 'Add your text first',
  tooFew: 'There are too few examples to train on and hold some out.',
  doesNotFit: 'The model doesn’t fit this device: see above.',
  loadModel: 'Load my model',
  finished: 'You’ve finished this federation. Your personal model is saved in this browser.',
  consent: 'What you agreed to',
  shared: 'You share how well the model does on your text.',
  notShared: 'You don’t share how well the model does on your text.',
} as const;

export function welcome(name: string): string {
  return `Welcome back, ${name}`;
}

export function leftOff(round: number, text: string): string {
  const where = round > 0 ? `in round ${round}` : 'before the first round';
  return `You left off ${where}. Your text (${text}) and your progress are saved in this browser.`;
}

export function agreedAt(at: number): string {
  return `On ${new Date(at).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })} you agreed to this:`;
}
