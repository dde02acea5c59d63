import { about, exactly } from './durations.ts';

export const strings = {
  filesTab: 'Files or a sample',
  title: 'Your text',
  lead: 'Questions and answers, conversations or plain prose. It’s read here and never sent.',
  drop: 'Drop files or a whole folder here, or choose them',
  formats:
    'JSONL or JSON with instruction and response, chat exports, CSV or TSV with a header, plain text or Markdown',
  choose: 'Choose files',
  chooseFolder: 'Choose a folder',
  add: 'Add files',
  remove: (name: string) => `Remove ${name}`,
  removeSign: '×',
  paste: 'Paste text',
  samples: 'Use a sample instead',
  sampleTitle: 'No text handy? Try a sample',
  sampleLead: 'Four invented people and what they write at work. Use a different sample in each tab.',
  useSample: 'Use the sample',
  few: 'Not much text',
  fewWhy: (count: number) =>
    `${count} examples are enough to see how it works. Don’t expect much from the model: it may learn the tone, and it will repeat what it was given. The figures start to mean something at about 50 examples.`,
  many: 'That’s a lot of text',
  manyWhy: (count: string, seconds: number | null) =>
    seconds === null
      ? `${count} examples can take this device a long time in each round.`
      : `With ${count} examples, a round takes ${about(seconds)} of computing on this device. That’s a rough estimate.`,
  late: (seconds: number) =>
    `That’s longer than a round waits (${exactly(seconds)}): what you send would arrive too late to count.`,
  useSome: (count: string) => `Use ${count} of them`,
  useAll: 'Use all',
  some: (used: string, of: string) => `${used} of ${of} examples are used`,
  someWhy: 'They’re drawn from across your text, the same ones each time.',
  pasteLabel: 'Your text',
  pasteHint: 'Anything: prose, or one JSON object per line, such as {"instruction": "…", "response": "…"}',
  usePasted: 'Use this text',
  reading: 'Reading your text',
  cannotUse: 'This text can’t be used as it is',
  sayColumns: 'Match your columns below',
  emptyFolder: 'There are no files in this folder.',
  severalFiles: (count: string) => `${count} files`,

  toTrainOn: 'For training',
  heldOut: 'Held out',
  tokens: 'Tokens',
  cutOff: 'Cut off',
  trainingNote: (validation: string) => `examples, plus ${validation} to choose the best round`,
  heldOutNote: 'never trained on, to measure the gain',
  tokensNote: (response: string, longest: string) => `${response} in responses; the longest example has ${longest}`,
  cutNote: (tokens: string, maxLength: string) => `longer than ${maxLength} tokens; ${tokens} tokens aren’t read`,
  nothingCut: (maxLength: string) => `every example fits in ${maxLength} tokens`,
  counting: (done: string, of: string) => `Counting tokens: ${done} of ${of}`,
  notCounted: 'Could not count the tokens',
  dropped: (count: string) => `${count} examples teach this model nothing and will be skipped.`,
  repeats: (count: string) => `${count} duplicates count only once.`,

  files: 'Files',
  used: (used: string, of: string) => `${used} of ${of} can be used`,
  examples: (count: number) => (count === 1 ? '1 example' : `${count.toLocaleString('en')} examples`),
  duplicates: (count: number) => (count === 1 ? '1 duplicate' : `${count.toLocaleString('en')} duplicates`),
  skipped: (count: number) => (count === 1 ? '1 row skipped' : `${count.toLocaleString('en')} rows skipped`),
  line: (line: number) => `Line ${line}: `,
  more: (count: string) => `and ${count} more`,
  showAll: (count: string) => `Show all ${count} files`,
  columns: 'Columns',
  columnsOf: (name: string) => `Columns of ${name}`,
  whatIsWhat: 'What’s in each column?',
  sameColumns: (count: string) => `Applies to ${count} files with the same columns.`,
  noColumn: 'None',
  roles: {
    instruction: { label: 'Instruction', hint: 'what is asked' },
    context: { label: 'Context', hint: 'what it’s about, if given' },
    response: { label: 'Response', hint: 'the answer to learn' },
    text: { label: 'Text', hint: 'prose to continue' },
  },
  emptyColumn: 'Empty',

  rows: 'Look at your examples',
  rowsCaption: 'Your examples as the model will learn from them',
  show: { all: 'All', 'held-out': 'Held out', cut: 'Cut off' },
  whichRows: 'Which examples to show',
  prompt: 'Prompt',
  response: 'Response',
  use: 'Used for',
  continued: 'Text to continue',
  responses: (count: number) => `the last of ${count} responses`,
  losesTokens: (count: string) => `${count} cut off`,
  split: { training: 'train', validation: 'validation', 'held-out': 'held out' },
  noRows: { all: 'There are no examples yet.', 'held-out': 'Nothing is held out.', cut: 'Nothing is cut off.' },
  pages: 'Example pages',
  shown: (from: string, to: string, total: string) => `${from} to ${to} of ${total}`,
} as const;

/** Who the samples' people are, by the name of their file. */
export const personas: Readonly<Record<string, { readonly title: string; readonly text: string }>> = {
  'bakers-shop.jsonl': {
    title: 'Bakery',
    text: 'A village bakery that answers its customers: brisk, warm, and firm about Mondays.',
  },
  'bicycle-workshop.jsonl': {
    title: 'Bicycle workshop',
    text: 'A repair shop by a canal that writes up its verdicts: dry, exact, with torque values.',
  },
  'doctors-reception.jsonl': {
    title: 'Doctor’s office',
    text: 'A doctor’s front desk: polite, careful, and never a diagnosis.',
  },
  'programming-club.jsonl': {
    title: 'Programming club',
    text: 'A beginners’ club in a library: encouraging, and fond of analogies.',
  },
};
