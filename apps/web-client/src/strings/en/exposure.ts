export const strings = {
  title: 'What others could learn from this',
  lead: 'None of these messages contains your text. But what is sent was made from it, and reveals something about it, above all to those who run the coordinator: they can read every message above.',

  details: 'What could be learned, and what protects you',
  learn: 'What could be learned',
  learnt: [
    {
      title: 'That a particular text was yours',
      text: 'Anyone who already has a text can test whether a model was trained on it, more easily with your changes alone than with everyone’s combined.',
    },
    {
      title: 'Pieces of your text',
      text: 'From the changes of a single training step, researchers have reconstructed whole sentences, even with small adapters like this one. Combining many steps makes it harder. Nobody has shown that it makes it impossible.',
    },
    {
      title: 'What your text is about',
      text: 'Your mask shows which parameters matter for your text. People with similar texts have similar masks, and the operator sees how much they overlap.',
    },
    {
      title: 'That you take part, and when',
      text: 'The coordinator sees your IP address while you’re connected, and keeps the name you chose, your public key, your device, how many examples you have, and when you did what.',
    },
  ],
  shared: {
    title: 'How well the model does on your text',
    text: 'Its loss and perplexity are sent only if you agreed to share them.',
  },
  others:
    'The other participants get averages. With few participants, an average hides little: with two, each can subtract their own part and get the other’s.',

  protect: 'What protects you here',
  protects: {
    stays:
      'Your text is read and trained on in this browser. No message contains it: open a few and check. The page may connect only to its own coordinator.',
    steps:
      'What is sent is the sum of all steps of a round, over all your examples, and only for the parameters you own. Single steps are never sent.',
    account:
      'There’s no account. Your private key was created here, for this federation, and can’t be taken out of this browser.',
    secure: 'The connection is encrypted (TLS): nobody between you and the coordinator can read it.',
  },

  open: 'What isn’t protected yet',
  opens: {
    aggregation:
      'There’s no secure aggregation: the coordinator receives your changes individually, not mixed with other people’s.',
    noise:
      'There’s no differential privacy: no noise is added, and nothing strictly limits what one example contributes.',
    operator:
      'Nothing proves that the coordinator runs the published code, or that it deletes your changes after the round.',
    result: 'Your own adapter has learned from your text. Anyone you give it to can query it.',
    plain: 'This connection isn’t encrypted: anyone between you and the coordinator can read it.',
  },

  advice: 'So don’t take part with text that must stay secret, and join only if you trust whoever runs it.',
  sources: 'For the full version, with the research behind it, see docs/privacy.md in the project’s repository.',
} as const;

/** @param clipNorm 0 where nothing is clipped */
export function bounds(clipNorm: number, maxDeltaNorm: number): string {
  const clipped = clipNorm > 0 ? `The gradient of each training step is clipped to a norm of ${clipNorm}, and a` : 'A';
  return `${clipped} set of changes with a norm above ${maxDeltaNorm} is refused entirely. That guards against accidents; it doesn’t guarantee privacy.`;
}

export function rounding(dtype: 'f32' | 'f16' | 'int8'): string {
  switch (dtype) {
    case 'f32':
      return 'Changes are sent at full precision (32 bits per number).';
    case 'f16':
      return 'Changes are rounded to 16 bits per number. That blurs their last digits, which protects little.';
    case 'int8':
      return 'Changes are rounded to 8 bits per number. That blurs them, which protects a little.';
  }
}
