import type { ModuleOrigin } from '../../contract/session/session-state.ts';
import { formatPerplexity } from '../../shared/format/format-number.ts';
import { originName } from './conclusion.ts';

export const strings = {
  title: 'What improved',
  lead: 'Some examples of your text were held out: neither you nor anyone else trained on them. Here, both models get the question from each, and are measured by how much the answer in your text surprises them.',
  notYet: 'This comes with the first tuning; until then, there’s only the base model.',
  run: 'Compare example by example',
  again: 'Compare again',
  duringWork: 'While rounds run, this and tuning share the device, so both take longer.',
  computing: 'Comparing',
  starting: 'Reading your examples',
  cancel: 'Cancel',
  cancelled: 'Canceled. What was measured for the base model is kept.',
  failed: 'Could not compare the examples',
  base: 'Base model',
  personal: 'Your model',
  heldOut: 'Held-out examples',
  basePerplexity: 'Perplexity, base model',
  personalPerplexity: 'Perplexity, your model',
  lower: 'How many words a model chooses between, over all answers; lower is better',
  tokenAccuracy: 'Token accuracy',
  accuracyNote: 'How often the word that a model finds likeliest is the one in your answer; higher is better',
  less: 'less surprised',
  more: 'more surprised',
  legend: { better: 'better', worse: 'worse', same: 'about the same' },
  sort: 'Sort',
  sorts: { gain: 'Best first', loss: 'Worst first', text: 'Original order' },
  examples: 'Examples',
  noPrompt: 'Text to continue',
  showMore: 'Show more',
  expected: 'The answer in your text, as each model sees it',
  tryIt: 'Ask the models this',
  tokens: 'The stronger the color under a word and the thicker its line, the less a model expected it.',
  levels: ['expected', 'likely', 'unlikely', 'surprising', 'very surprising'],
  table: 'Table view',
  endOf: 'end',
  columns: { word: 'Word', base: 'Base model', personal: 'Your model' },
} as const;

export function betterOn({ better, of }: { better: number; of: number }): string {
  return `Better on ${better} of ${of}`;
}

export function worseAndSame({ worse, same }: { worse: number; same: number }): string {
  const parts = [`worse on ${worse}`, ...(same > 0 ? [`about the same on ${same}`] : [])];
  return parts.join(', ');
}

/** "3.1× less surprised" */
export function gainInWords(gain: number, standing: 'better' | 'worse' | 'same'): string {
  if (standing === 'same') return strings.legend.same;
  return `${timesOf(gain)} ${gain > 1 ? strings.less : strings.more}`;
}

/** How many times, in either direction: "1.05×", "3.1×", "12×" */
export function timesOf(gain: number): string {
  const times = gain > 1 ? gain : 1 / gain;
  return `${times === 1 ? 1 : times < 1.1 ? times.toFixed(2) : times < 10 ? Number(times.toFixed(1)) : Math.round(times)}×`;
}

export function fromTo(base: number, personal: number): string {
  return `${formatPerplexity(base)} → ${formatPerplexity(personal)}`;
}

/** The same for those who hear it. */
export function fromToInWords(base: number, personal: number): string {
  return `perplexity ${formatPerplexity(base)} with the base model, ${formatPerplexity(personal)} with yours`;
}

export function withModule(round: number, of: ModuleOrigin['of']): string {
  return of === undefined ? `from round ${round}` : originName({ of, round });
}

export function isOlder(compared: number, now: number): string {
  return `This compares your model from round ${compared}. You now have the one from round ${now}.`;
}

export function firstOf(count: number, total: number): string {
  return `The first ${count} of your ${total} held-out examples.`;
}

export function leftOut(count: number): string {
  return count === 1
    ? '1 held-out example is missing: the model can’t read it.'
    : `${count} held-out examples are missing: the model can’t read them.`;
}

export function rowsDone(done: number, of: number): string {
  return done === 0 ? strings.starting : `${done} of ${of} measurements: each example once per model`;
}

export function describePlot(tally: { better: number; worse: number; same: number }, median: number): string {
  const middle = `The median is ${timesOf(median)} ${median >= 1 ? strings.less : strings.more}.`;
  return `One dot per example: ${tally.better} better, ${tally.worse} worse, ${tally.same} about the same. ${middle}`;
}

/** What stands over a token. */
export function chanceOf(nats: number): string {
  const share = 100 * Math.exp(-nats);
  if (share >= 10) return `${Math.round(share)} %`;
  if (share >= 0.1) return `${share.toFixed(1)} %`;
  return 'below 0.1 %';
}

export function tokenTitle(text: string, nats: number): string {
  return `“${text}”: probability ${chanceOf(nats)}`;
}

export function tokensSummary(which: string, perplexity: number): string {
  return `${which}: perplexity ${formatPerplexity(perplexity)}`;
}
