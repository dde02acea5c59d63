import type { Answering } from '../../contract/session/answers.ts';
import type { ModuleOrigin } from '../../contract/session/session-state.ts';
import { originName } from './conclusion.ts';

export const strings = {
  title: 'Your questions, answered',
  lead: 'A few of your held-out questions, answered by both models: always with the likeliest word, and cut where an answer gets long.',
  run: 'Answer a few questions',
  again: 'Answer again',
  cancel: 'Cancel',
  answering: 'Answering',
  cancelled: 'Canceled. The answers so far are kept.',
  failed: 'Could not answer the questions',
  none: 'Your held-out examples have no question that the model can be asked.',
  asOf: 'Your model as of',
  base: 'Base model',
  personal: 'Your model',
  expected: 'Your text',
  empty: 'No answer',
  cut: '…',
  exactBadge: 'exact match',
  rougeL: 'ROUGE-L',
  rougeLNote: 'How much of your answer a model’s own says in the same order, by words, from 0 to 1; higher is better',
  exact: 'Exact match',
  exactNote: 'Answers that are yours to the letter',
  switch: 'Answer after each round',
  switchNotes: {
    auto: 'While this device waits for others. Turns off if it takes longer than 30 seconds.',
    on: 'While this device waits for others.',
    off: 'Off. You can still answer them when you like.',
    slow: 'Off, as this device takes longer than 30 seconds. You can turn it on anyway.',
  } satisfies Record<Answering, string>,
} as const;

/** "round 2: the model of round 1" */
export function roundName(round: number, { round: from, of }: ModuleOrigin): string {
  return of === undefined || (of === 'tuned' && from === round)
    ? `round ${round}`
    : `round ${round}: ${originName({ of, round: from })}`;
}

export function answersDone(done: number, of: number): string {
  return `${done} of ${of} answers`;
}

export function scoreOf(score: number): string {
  return `${strings.rougeL} ${score.toFixed(2)}`;
}

export function fromToScore(base: number, personal: number): string {
  return `${base.toFixed(2)} → ${personal.toFixed(2)}`;
}

export function exactOf(base: number, personal: number, of: number): string {
  return `${base} → ${personal} of ${of}`;
}

export function isOlderAnswer(round: number): string {
  return `There’s a newer model, from round ${round}.`;
}
