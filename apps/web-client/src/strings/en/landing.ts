export const strings = {
  headline: 'Tune a language model together, and keep your text to yourself',
  lead: 'Open a tab, give it some of your own writing, and let it work. Everyone’s tab tunes the same small language model on its own text; only changes to some of the model’s parameters are exchanged. You leave with a model that knows what you write about.',
  federations: 'Federations',
  federationsLead:
    'A federation is a group of people who tune one model together. Pick one to see what it asks of you.',
  how: 'How it works',
  steps: [
    {
      title: 'Your text stays',
      text: 'A file, pasted text or a sample is read in this tab. A fifth is held out to measure the result honestly.',
    },
    {
      title: 'Your own part',
      text: 'Your tab finds out which of the model’s adjustable parameters matter for your text, and trains only those.',
    },
    {
      title: 'Rounds',
      text: 'Each round, it trains them, sends how far they moved, and gets back the combined result of everyone’s changes.',
    },
    {
      title: 'Your own model',
      text: 'At the end, you chat with it, compare it with the base model, and take it with you.',
    },
  ],
} as const;
