import { formatCount } from '../../shared/format/format-number.ts';

/** What differs between a federation's chat and another one. */
export interface ChatWords {
  readonly title: string;
  readonly lead: string;
  readonly base: string;
  readonly personal: string;
  readonly placeholder: string;
  /** Said where there is no second answer; null shows the first alone. */
  readonly noPersonal: string | null;
}

export const strings = {
  title: 'Try it',
  lead: 'Ask the untouched base model and your personal one the same thing. They take turns word by word, so that you can read both as they grow. Chats stay in this tab.',
  base: 'Base model',
  personal: 'Your personal model',
  question: 'Your message',
  placeholder: 'Ask something that your text is about',
  send: 'Send',
  stop: 'Stop',
  again: 'Ask again',
  clear: 'Clear',
  copy: 'Copy',
  copied: 'Copied',
  conversation: 'Conversation',
  who: 'Who answers',
  whos: { both: 'Both', base: 'Base', personal: 'Personal' },
  notYet: 'The model is not loaded yet.',
  noPersonal: 'It was not there yet: it comes with the first tuning.',
  notAsked: 'Not asked.',
  duringWork:
    'While rounds run, chat and tuning share the device: both then take longer. Your personal model gets better round by round; each answer says which one spoke.',
  failed: 'The answer broke off',
  empty: 'Nothing has been said yet.',
  demonstration:
    'perfit-nano is a demonstration model, a thousand times smaller than those you may know. It shows how everything works, and picks up the tone and the words of a text; but what it says makes little sense.',
  expected: 'What your text answers',
  heldOut: 'Held out: no model was trained on it.',
  starts: 'Start from one of your own held-out examples. Neither model was trained on them.',
  allStarts: 'All of them',
  pickStart: 'Your held-out examples',
  searchStarts: 'Search in them',
  noStart: 'None of them has these words.',
  answering: 'Answering.',
  reasons: {
    ended: null,
    length: 'longest answer reached',
    context: 'no room left in the model’s memory',
    stopped: 'stopped',
  },
  reading: 'reading the question',
  asReceived: 'as received',
} as const;

export const settingsStrings = {
  title: 'Settings',
  lead: 'A model gives every possible next word a probability, and one is drawn. These say how. They are kept for your next visit.',
  reset: 'Back to the defaults',
  greedy:
    'Temperature 0 always takes the likeliest word: the three limits and the seed then change nothing, and asking again gives the same answer.',
  numbers: {
    temperature: { label: 'Temperature', description: '0: always the likeliest word. Higher: more surprising ones.' },
    topP: { label: 'Top-p', description: 'Only the likeliest words that together have this probability. 1: all.' },
    topK: { label: 'Top-k', description: 'Only so many of the likeliest words. 0: all.' },
    minP: { label: 'Min-p', description: 'Only words with this share of the likeliest one’s probability. 0: all.' },
    repetitionPenalty: {
      label: 'Repetition penalty',
      description: 'Makes words less likely that were there already. 1: none.',
    },
    maxTokens: { label: 'Longest answer', description: 'In tokens: a token is a word or a part of one.' },
    seed: { label: 'Seed', description: 'Where the dice start: the same one gives the same answer.' },
  },
  sameSeed: 'The same seed for both models',
  system: 'System prompt (optional)',
  systemDescription: 'Said to both models before the conversation: who they are, how to answer.',
  stop: 'Stop texts (optional)',
  stopDescription: 'One a line: an answer ends before the first that it comes to.',
  systemPlaceholder: 'For example: You answer letters for a bakery, kindly and in two sentences.',
} as const;

export function tokensAndSpeed(tokens: number, seconds: number): string {
  const count = tokens === 1 ? '1 token' : `${formatCount(tokens)} tokens`;
  if (seconds <= 0 || tokens === 0) return count;
  const speed = tokens / seconds;
  return `${count}, ${speed < 10 ? speed.toFixed(1) : formatCount(Math.round(speed))} a second`;
}

export function roundOf(round: number): string {
  return `round ${round}`;
}

export function forgot(messages: number): string {
  return messages === 1 ? '1 old message did not fit' : `${messages} old messages did not fit`;
}

export function answered(who: string, text: string): string {
  return `${who}: ${text}`;
}

export function copyAnswer(who: string): string {
  return `${strings.copy}: ${who}`;
}

export function allOf(count: number): string {
  return `${strings.allStarts} (${count})`;
}

export function firstOf(count: number, total: number): string {
  return `The first ${count} of ${total}.`;
}
