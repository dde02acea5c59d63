import { downDtype, type FederationSummary, SMALLEST_GROUP, valuesByteLength } from '@perfit/protocol';
import { referenceDensity } from '../../shared/federation/budget.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { about, exactly } from './durations.ts';

export const strings = {
  title: 'About this federation',
  noDescription: 'Several people tune one language model together, each in a browser tab on their own text.',
  runBy: 'Run by',
  nobody: 'Run by the operator of this site',
  noContact: 'No contact given.',
  download: 'One-time download',
  kept: 'Already saved in this browser.',
  computing: 'Compute time here',
  measuring: 'measuring…',
  unknown: 'unknown',
  notMeasured: 'This device wasn’t measured.',
  exchange: 'Exchanged per round',
  rounds: 'Rounds',
  stays: 'Stays in this tab',
  sent: 'Sent to the coordinator',
  details: 'Configuration',
} as const;

/** The sentences on what stays and what leaves: a person agrees to them before they take part. */
export const pledges = {
  stays: [
    'Your text, all of it: it is read, split and trained on here.',
    'The chats that you have with your model.',
    'Your private key. It cannot be taken out of this browser.',
  ],
  sent: [
    'Which numbers of the model’s adapter matter for your text (the mask).',
    'Each round, how far your training moved those numbers.',
    'The name that you choose, your device, and how many examples you have.',
    'How well the model does on your text, only if you agree.',
  ],
  honest:
    'Masks and changes are made from your text, and published attacks can sometimes recover words from such numbers. Do not take part with secrets. Everything that leaves this tab is listed in the ledger.',
} as const;

/** What to expect of a model that ships with the project. */
function aboutModel(model: string): string {
  return model === 'perfit-nano' ? 'perfit-nano, for demonstrations: small; its answers make little sense' : model;
}

export function siteNote(host: string): string {
  return `${host}. No name given.`;
}

export function downloadNote(model: string, isKept: boolean): string {
  return `${aboutModel(model)}.${isKept ? ` ${strings.kept}` : ''}`;
}

export function exchangeNote({ status }: FederationSummary, bytes: number): string {
  return `none of your text; ${formatBytes(bytes * status.rounds)} in total`;
}

/** @param beforehand seconds that the first round takes more */
export function computingNote(of: 'sample' | 'text', beforehand: number): string {
  const first = beforehand >= 5 ? `, plus ${about(beforehand)} in the first` : '';
  return of === 'text'
    ? `roughly, per round, for your text${first}`
    : `roughly, per round, for a text like the samples${first}`;
}

export function roundsNote({ config, status }: FederationSummary): string {
  const { deadlineSeconds, targetPerplexity } = config.schedule;
  const target = targetPerplexity === undefined ? '' : ' Ends early once the models are good enough.';
  const deadline = `Each takes at most ${exactly(deadlineSeconds)}.${target}`;
  if (status.state !== 'recruiting') return deadline;
  const missing = status.recruit - status.ready;
  const people = missing === 1 ? 'one more person is' : `${missing} more people are`;
  return missing > 0 ? `Starts when ${people} ready. ${deadline}` : deadline;
}

export function keepOpen({ config }: FederationSummary): string {
  return `Keep this tab open until the last round ends; it can run in the background. A round waits at most ${exactly(config.schedule.deadlineSeconds)} for a tab. You can leave at any time and keep what you have.`;
}

/** Label and value. */
export function setUp({ config, layoutSize, modelBytes }: FederationSummary): readonly (readonly [string, string])[] {
  const { lora, tuning, evaluation, schedule, smallestGroup = SMALLEST_GROUP } = config;
  return [
    ['Method', config.strategy],
    ['Model', `${config.model}, ${formatBytes(modelBytes)}`],
    ['Adapter', `rank ${lora.rank} × ${lora.expansion}: ${formatCount(layoutSize)} parameters`],
    ['You own about', `${formatCount(Math.round(layoutSize * referenceDensity(config)))} of them`],
    ['Passes over your text per round', String(tuning.epochs)],
    ['Max sequence length', `${formatCount(tuning.maxLength)} tokens`],
    ['Held out for measuring', `${Math.round(100 * evaluation.heldOut)} % of your text`],
    ['A round closes at', `${schedule.goal} submissions, or at its deadline`],
    [
      'Last round',
      schedule.targetPerplexity === undefined
        ? String(schedule.rounds)
        : `${schedule.rounds}, or earlier, once half of those who share theirs have a perplexity of ${schedule.targetPerplexity} or less`,
    ],
    ['Transfer precision', config.wire.dtype],
    [
      'Mask overlap is shown',
      smallestGroup === 1 ? 'for each pair of people' : `for groups of at least ${formatCount(smallestGroup)} people`,
    ],
  ];
}

/** Both ways of one round: the delta of what a client owns, and what it receives. */
export function roundBytes({ config, layoutSize }: FederationSummary): number {
  const owned = Math.round(layoutSize * referenceDensity(config));
  const received = config.receive === 'all' ? layoutSize : owned;
  return valuesByteLength(owned, config.wire.dtype) + valuesByteLength(received, downDtype(config.wire));
}
