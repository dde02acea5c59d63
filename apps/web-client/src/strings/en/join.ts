export const strings = {
  notStarted: 'Not started',
  notFound: 'This federation could not be looked up',
  allFederations: 'See the list of federations',
  over: 'This federation is over',
  overWhy: 'It takes nobody in any more. Look for another one.',
  needsText: 'Give some text first.',
  tooFew: 'There are too few examples to train on and to hold some out.',
  doesNotFit: 'The model does not fit this device: see above.',
  loadModel: 'Load my model',
  finished: 'You have been through this federation. Your personal model is kept in this browser.',
  consent: 'What you agreed to',
  shared: 'You share how well the model does on your text.',
  notShared: 'You do not share how well the model does on your text.',
} as const;

export function welcome(name: string): string {
  return `Welcome back, ${name}`;
}

export function leftOff(round: number, text: string): string {
  const where = round > 0 ? `in round ${round}` : 'before the first round';
  return `You left ${where}. Your text (${text}) and what you have learned are kept in this browser.`;
}

export function agreedAt(at: number): string {
  return `On ${new Date(at).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })} you agreed to this:`;
}
