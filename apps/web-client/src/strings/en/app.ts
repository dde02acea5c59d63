export const strings = {
  headline: 'Tune a language model together, and keep your text to yourself',
  lead: 'Open a tab, give it some of your own writing, and let it work. Everybody’s tab tunes the same small language model on its own text; only changes of a few model parameters are exchanged. You leave with a model that knows what you write about.',
  steps: [
    {
      title: 'Your text stays',
      text: 'A file, a paste or a sample is read in this tab. A fifth is kept aside to measure the result honestly.',
    },
    {
      title: 'Your own mask',
      text: 'Your tab searches which parameters of the adapter matter for your text, and owns only those.',
    },
    {
      title: 'Rounds',
      text: 'Each round it tunes what it owns, sends the change, and gets back what everybody’s changes made of it.',
    },
    {
      title: 'Your own model',
      text: 'At the end you chat with it, compare it with the untouched one, and download it as a PEFT adapter.',
    },
  ],
  join: {
    inviteMissing: 'This federation is by invitation.',
    otherTab: 'Another tab of this browser is already taking part as you.',
    takeOver: 'Take over in this tab',
    asAnother: 'Take part as somebody else',
    again: 'Try again',
    goOn: 'Go on',
    afresh: 'Start afresh',
    afreshHint:
      'Start afresh forgets the key, the text, the mask and the model that this browser keeps for this federation.',
    needsText: 'Give some text first.',
    tooFew: 'There are too few examples to train on and to hold some out.',
    loadModel: 'Load my model',
  },
} as const;

/** What a tab that comes back says. */
export function welcomeBack(round: number): string {
  return round > 0 ? `Welcome back: taking up round ${round}` : 'Welcome back: going on where you were';
}
