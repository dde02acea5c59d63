export const strings = {
  headline: 'Tune a language model together, and keep your text to yourself',
  lead: 'Open a tab, give it some of your own writing, and let it work. Everybody’s tab tunes the same small language model on its own text; only changes of some of the model’s numbers are exchanged. You leave with a model that knows what you write about.',
  federations: 'Federations',
  federationsLead:
    'A federation is a group of people who tune one model together. Pick one to see what it asks of you.',
  how: 'How it works',
  steps: [
    {
      title: 'Your text stays',
      text: 'A file, a paste or a sample is read in this tab. A fifth is kept aside to measure the result honestly.',
    },
    {
      title: 'Your own part',
      text: 'Your tab finds out which of the model’s adjustable numbers matter for your text, and trains only those.',
    },
    {
      title: 'Rounds',
      text: 'Each round it trains them, sends how far they moved, and gets back what everybody’s changes made of them.',
    },
    {
      title: 'Your own model',
      text: 'At the end you chat with it, compare it with the untouched one, and take it with you.',
    },
  ],
} as const;
