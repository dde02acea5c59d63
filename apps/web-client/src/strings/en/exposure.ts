export const strings = {
  title: 'What others could learn from this',
  lead: 'None of these messages contains your text. But what is sent was made from it, and says something of it to whoever looks hard enough: first of all to those who run the coordinator, who can read every message above.',

  learn: 'What could be learnt',
  learnt: [
    {
      title: 'That a certain text was yours',
      text: 'Who already has a text can test whether a model was trained on it, and has an easier time with your changes alone than with everybody’s together.',
    },
    {
      title: 'Pieces of your text',
      text: 'From the changes of a single training step, researchers have put whole sentences back together, also with small adapters such as this one. Many steps at once make it harder. Nobody has shown that they make it impossible.',
    },
    {
      title: 'What your text is about',
      text: 'Your mask says which numbers matter for your text. People with similar texts have similar masks, and the operator sees how much they overlap.',
    },
    {
      title: 'That you take part, and when',
      text: 'The coordinator sees your IP address while you are connected, and keeps the name that you chose, your key, your device, how many examples you have, and when you did what.',
    },
  ],
  shared: {
    title: 'How well the model does on your text',
    text: 'Its loss and perplexity are sent only where you agreed to share them.',
  },
  others:
    'The other participants get averages. Where few take part, an average hides little: of two, each can take their own part away and has the other’s.',

  protect: 'What protects you here',
  protects: {
    stays:
      'Your text is read and trained on in this browser. It is in no message: open some of them and look. The page may speak to its own coordinator alone.',
    steps:
      'What is sent is the sum of all steps of a round, over all your examples, and only of the numbers that you own. Single steps never leave.',
    account:
      'There is no account. Your key was made here, for this federation, and cannot be taken out of this browser.',
    secure: 'The connection is encrypted (TLS): nobody between you and the coordinator can read along.',
  },

  open: 'What does not protect you yet',
  opens: {
    aggregation:
      'There is no secure aggregation: the coordinator receives your changes by themselves, not mixed with those of others.',
    noise:
      'There is no differential privacy: no noise is added, and nothing limits for certain what one example adds to a change.',
    operator:
      'Nothing proves that the coordinator runs the published program, or deletes your changes after the round.',
    result: 'Your own adapter has learned from your text. Who gets it from you can ask it.',
    plain: 'This connection is not encrypted: whoever is between you and the coordinator can read along.',
  },

  advice: 'So do not take part with text that must not become known, and join only where you trust who runs it.',
  sources: 'The long version, with the research behind it, is docs/privacy.md in the project’s repository.',
} as const;

/** @param clipNorm 0 where nothing is clipped */
export function bounds(clipNorm: number, maxDeltaNorm: number): string {
  const clipped = clipNorm > 0 ? `The gradient of each training step is cut to a length of ${clipNorm}, and a` : 'A';
  return `${clipped} change longer than ${maxDeltaNorm} is refused as a whole. That holds off accidents, and is no proof of privacy.`;
}

export function rounding(dtype: 'f32' | 'f16' | 'int8'): string {
  switch (dtype) {
    case 'f32':
      return 'Changes are sent with all their digits (32 bits a number).';
    case 'f16':
      return 'Changes are rounded to 16 bits a number. That blurs their last digits, which protects little.';
    case 'int8':
      return 'Changes are rounded to 8 bits a number. That blurs them, which protects a little.';
  }
}
