export const fieldHints = {
  name: { label: 'Name', hint: 'Everybody who joins sees it.' },
  description: { label: 'Description', hint: 'For whom this is, and what people should bring.' },
  model: { label: 'Model', hint: "A folder of the coordinator's models." },
  strategy: { label: 'Strategy', hint: 'perfit is the method; the others are for comparison.' },
  receive: { label: 'What comes back', hint: 'What a client owns, or everything.' },
  access: { label: 'Entry', hint: 'By invite link, or open to all.' },
  rounds: { label: 'Rounds', hint: 'How often changes are put together.' },
  recruit: { label: 'Start with', hint: 'So many people must be ready first.' },
  goal: { label: 'Close a round at', hint: 'So many submissions.' },
  minimum: { label: 'At least', hint: 'With fewer, the round is repeated.' },
  deadlineSeconds: { label: 'Deadline, seconds', hint: 'A round takes no longer.' },
  epochs: { label: 'Epochs a round', hint: 'Passes over the own text.' },
  rank: { label: 'Rank', hint: 'The budget of a plain LoRA.' },
  expansion: { label: 'Expansion', hint: 'The search space is so many ranks.' },
  learningRate: { label: 'Learning rate', hint: 'Of AdamW.' },
  maxLength: { label: 'Longest example', hint: 'In tokens; longer ones are cut.' },
} as const;

export const actionWords = {
  start: 'Start',
  /** With those who are there. */
  beginNow: 'Begin now',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
} as const;

export const stopWarning =
  'Stop this federation for good? Everybody keeps what they have so far; no further round begins.';
