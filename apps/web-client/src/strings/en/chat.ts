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
  lead: 'Ask the untouched base model and your personal one the same thing. Chats stay in this tab.',
  base: 'Base model',
  personal: 'Your personal model',
  question: 'Your message',
  placeholder: 'Ask something that your text is about',
  suggest: 'Take a question from your text',
  notYet: 'The model is not loaded yet.',
  noPersonal: 'It was not there yet: it comes with the first tuning.',
  duringWork: 'You can ask while it tunes: both then take longer.',
  failed: 'The answer broke off',
} as const;
