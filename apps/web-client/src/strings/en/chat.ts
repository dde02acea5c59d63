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
  lead: 'Ask the base model and your personal model the same thing. They take turns word by word, so you can read both answers as they grow. Chats stay in this tab.',
  base: 'Base model',
  personal: 'Your personal model',
  question: 'Your message',
  placeholder: 'Ask about something in your text',
  send: 'Send',
  stop: 'Stop',
  again: 'Ask again',
  clear: 'Clear',
  copy: 'Copy',
  copied: 'Copied',
  conversation: 'Conversation',
  who: 'Who answers',
  whos: { both: 'Both', base: 'Base', personal: 'Personal' },
  notYet: 'The model isn’t loaded yet.',
  noPersonal: 'It wasn’t available yet: it comes with the first tuning.',
  notAsked: 'Not asked.',
  duringWork:
    'While rounds run, chat and tuning share the device, so both take longer. Your personal model gets better round by round; each answer shows its round.',
  failed: 'The answer was interrupted',
  empty: 'No messages yet.',
  demonstration:
    'perfit-nano is a demonstration model, a thousand times smaller than those you may know. It shows how everything works and picks up the tone and words of a text, but its answers make little sense.',
  expected: 'The answer in your text',
  heldOut: 'Held out: no model was trained on it.',
  starts: 'Start with one of your held-out examples. Neither model was trained on them.',
  allStarts: 'Show all',
  pickStart: 'Choose a held-out example',
  searchStarts: 'Search examples',
  noStart: 'No matching examples.',
  answering: 'Answering…',
  reasons: {
    ended: null,
    length: 'max tokens reached',
    context: 'context full',
    stopped: 'stopped',
  },
  reading: 'reading the question',
  /** Where the personal model is not what was tuned in its round. */
  origins: {
    received: 'as received',
    final: 'the shared model',
    mean: 'mean of your last models',
    mix: 'mixed with the shared model',
    alone: 'tuned on your text alone',
    'alone-mean': 'mean of those tuned on your text alone',
  },
} as const;

export const settingsStrings = {
  title: 'Settings',
  lead: 'A model gives every possible next word a probability, and one is drawn. These settings control how. They’re saved for your next visit.',
  reset: 'Reset to defaults',
  greedy:
    'Temperature 0 always takes the most likely word: the three limits and the seed have no effect, and asking again gives the same answer.',
  numbers: {
    temperature: { label: 'Temperature', description: '0: always the most likely word. Higher: more surprising ones.' },
    topP: { label: 'Top-p', description: 'Only the most likely words that together have this probability. 1: all.' },
    topK: { label: 'Top-k', description: 'Only this many of the most likely words. 0: all.' },
    minP: { label: 'Min-p', description: 'Only words with at least this share of the top word’s probability. 0: all.' },
    repetitionPenalty: {
      label: 'Repetition penalty',
      description: 'Makes words that already appeared less likely. 1: off.',
    },
    maxTokens: { label: 'Max tokens', description: 'Length of an answer. A token is a word or part of one.' },
    seed: { label: 'Seed', description: 'The same seed gives the same answer.' },
  },
  sameSeed: 'Use the same seed for both models',
  system: 'System prompt (optional)',
  systemDescription: 'Given to both models before the conversation: who they are, how to answer.',
  stop: 'Stop sequences (optional)',
  stopDescription: 'One per line. An answer ends before the first one it reaches.',
  systemPlaceholder: 'For example: You answer letters for a bakery, kindly and in two sentences.',
} as const;

export function tokensAndSpeed(tokens: number, seconds: number): string {
  const count = tokens === 1 ? '1 token' : `${formatCount(tokens)} tokens`;
  if (seconds <= 0 || tokens === 0) return count;
  const speed = tokens / seconds;
  return `${count}, ${speed < 10 ? speed.toFixed(1) : formatCount(Math.round(speed))} tokens/s`;
}

export function roundOf(round: number): string {
  return `round ${round}`;
}

export function forgot(messages: number): string {
  return messages === 1 ? '1 old message didn’t fit' : `${messages} old messages didn’t fit`;
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
