import { about, exactly } from './durations.ts';

export const strings = {
  filesTab: 'Files or a sample',
  title: 'Your text',
  lead: 'Questions and answers, conversations or plain prose. It is read here and goes nowhere.',
  drop: 'Drop files or a whole folder here, or choose some',
  formats:
    'JSONL or JSON with instruction and response, chat exports, CSV or TSV with a header, plain text or Markdown',
  choose: 'Choose files',
  chooseFolder: 'Choose a folder',
  add: 'Add files',
  remove: (name: string) => `Leave ${name} out`,
  removeSign: '×',
  paste: 'Paste text',
  samples: 'Take a sample instead',
  sampleTitle: 'No text at hand? Try a sample',
  sampleLead: 'Four invented people and what they write at work. In a federation, each tab should take another one.',
  useSample: 'Use the sample',
  few: 'This is little text',
  fewWhy: (count: number) =>
    `${count} examples are enough to see how it works. Do not expect much of the model: it may learn the tone, and it will repeat what it was given. From about 50 examples on, the figures begin to mean something.`,
  many: 'This is much text',
  manyWhy: (count: string, seconds: number | null) =>
    seconds === null
      ? `${count} examples can take this device a long time in each round.`
      : `With ${count} examples, a round takes ${about(seconds)} of computing on this device. That is rough.`,
  late: (seconds: number) =>
    `That is longer than a round waits (${exactly(seconds)}): what you send would come too late to count.`,
  useSome: (count: string) => `Use ${count} of them`,
  useAll: 'Use all',
  some: (used: string, of: string) => `${used} of ${of} examples are used`,
  someWhy: 'They are drawn from all over your text: the same ones each time.',
  pasteLabel: 'Your text',
  pasteHint: 'Anything: prose, or one JSON object a line such as {"instruction": "…", "response": "…"}',
  usePasted: 'Use this text',
  reading: 'Reading your text',
  cannotUse: 'This text cannot be used as it is',
  sayColumns: 'Say below which column is what.',
  emptyFolder: 'There is no file in it.',
  severalFiles: (count: string) => `${count} files`,

  text: 'Text',
  toTrainOn: 'To train on',
  heldOut: 'Held out',
  tokens: 'Tokens',
  cutOff: 'Cut off',
  trainingNote: (validation: string) => `examples, and ${validation} to choose the best round by`,
  heldOutNote: 'kept aside and never trained on, to measure what tuning gains',
  tokensNote: (response: string, longest: string) =>
    `${response} of them in responses; the longest example has ${longest}`,
  cutNote: (tokens: string, maxLength: string) =>
    `longer than the ${maxLength} tokens that are read of each; ${tokens} tokens are not read`,
  nothingCut: (maxLength: string) => `every example fits into the ${maxLength} tokens that are read of each`,
  counting: (done: string, of: string) => `Counting tokens: ${done} of ${of}`,
  notCounted: 'The tokens could not be counted',
  dropped: (count: string) => `${count} examples teach this model nothing and will be left out.`,
  repeats: (count: string) => `${count} that came twice count once.`,

  files: 'Files',
  used: (used: string, of: string) => `${used} of ${of} can be used`,
  examples: (count: number) => (count === 1 ? '1 example' : `${count.toLocaleString('en')} examples`),
  duplicates: (count: number) => (count === 1 ? '1 repeat' : `${count.toLocaleString('en')} repeats`),
  skipped: (count: number) => (count === 1 ? '1 row left out' : `${count.toLocaleString('en')} rows left out`),
  line: (line: number) => `Line ${line}: `,
  more: (count: string) => `and ${count} more`,
  showAll: (count: string) => `Show all ${count} files`,
  columns: 'Columns',
  columnsOf: (name: string) => `Columns of ${name}`,
  whatIsWhat: 'Which column is what?',
  sameColumns: (count: string) => `Counts for ${count} files with the same columns.`,
  noColumn: 'None',
  roles: {
    instruction: { label: 'Instruction', hint: 'what is asked' },
    context: { label: 'Context', hint: 'what it is about, if there is something' },
    response: { label: 'Response', hint: 'the answer to learn' },
    text: { label: 'Text', hint: 'prose to be continued' },
  },
  emptyColumn: 'Nothing in it',

  rows: 'Examples',
  rowsCaption: 'Your examples as the model will learn from them',
  show: { all: 'All', 'held-out': 'Held out', cut: 'Cut off' },
  whichRows: 'Which examples to show',
  prompt: 'Prompt',
  response: 'Response',
  use: 'Use',
  continued: 'Text to be continued',
  responses: (count: number) => `the last of ${count} responses`,
  losesTokens: (count: string) => `loses ${count}`,
  split: { training: 'train', validation: 'validation', 'held-out': 'held out' },
  noRows: { all: 'There are no examples yet.', 'held-out': 'Nothing is held out.', cut: 'Nothing is cut off.' },
  pages: 'Pages of examples',
  shown: (from: string, to: string, total: string) => `${from} to ${to} of ${total}`,
} as const;

/** Who the samples' people are, by the name of their file. */
export const personas: Readonly<Record<string, { readonly title: string; readonly text: string }>> = {
  'bakers-shop.jsonl': {
    title: 'Baker’s shop',
    text: 'A village bakery that answers its customers: brisk, warm, and firm about Mondays.',
  },
  'bicycle-workshop.jsonl': {
    title: 'Bicycle workshop',
    text: 'A workshop by a canal that writes down verdicts: dry, exact, with torques.',
  },
  'doctors-reception.jsonl': {
    title: 'Doctor’s reception',
    text: 'The front desk of a surgery: polite, careful, and never a diagnosis.',
  },
  'programming-club.jsonl': {
    title: 'Programming club',
    text: 'A beginners’ club in a library: encouraging, and fond of comparisons.',
  },
};
