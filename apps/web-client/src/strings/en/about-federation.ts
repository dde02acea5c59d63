import { downDtype, type FederationSummary, SMALLEST_GROUP, valuesByteLength } from '@perfit/protocol';
import { referenceDensity } from '../../shared/budget/budget.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { about, exactly } from './durations.ts';

export const strings = {
  title: 'What this is',
  noDescription: 'Several people tune one language model together. Each works in a browser tab, on text of their own.',
  runBy: 'Run by',
  nobody: 'Run by whoever runs this site',
  noContact: 'They have not said how to reach them.',
  download: 'Download, once',
  kept: 'This browser keeps it already.',
  computing: 'Computing on this device',
  measuring: 'measuring…',
  unknown: 'not known',
  notMeasured: 'This device was not measured.',
  exchange: 'Sent and received, a round',
  rounds: 'Rounds',
  stays: 'Stays in this tab',
  sent: 'Is sent to the coordinator',
  details: 'How it is set up',
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
  return model === 'perfit-nano' ? 'perfit-nano, for demonstrations: small, says little of sense' : model;
}

export function siteNote(host: string): string {
  return `${host}. No name is given.`;
}

export function downloadNote(model: string, isKept: boolean): string {
  return `${aboutModel(model)}.${isKept ? ` ${strings.kept}` : ''}`;
}

export function exchangeNote({ status }: FederationSummary, bytes: number): string {
  return `numbers, none of your text; ${formatBytes(bytes * status.rounds)} in all`;
}

/** @param beforehand seconds that the first round takes more */
export function computingNote(of: 'sample' | 'text', beforehand: number): string {
  const first = beforehand >= 5 ? `, and ${about(beforehand)} more in the first` : '';
  return of === 'text'
    ? `a round, for your text${first}. Rough: from a second of measuring.`
    : `a round, for a text like the samples${first}. Rough: from a second of measuring.`;
}

export function roundsNote({ config, status }: FederationSummary): string {
  const { deadlineSeconds, targetPerplexity } = config.schedule;
  const target = targetPerplexity === undefined ? '' : ' There are fewer where the models are good enough before.';
  const deadline = `Each closes after ${exactly(deadlineSeconds)} at the latest.${target}`;
  if (status.state !== 'recruiting') return deadline;
  const missing = status.recruit - status.ready;
  const people = missing === 1 ? 'one more person is' : `${missing} more people are`;
  return missing > 0 ? `The first begins when ${people} ready. ${deadline}` : deadline;
}

export function keepOpen({ config }: FederationSummary): string {
  return `Keep this tab open until the last round is over; it may be in the background. A round does not wait for a tab longer than ${exactly(config.schedule.deadlineSeconds)}. You can leave at any time and keep what you have.`;
}

/** Label and value. */
export function setUp({ config, layoutSize, modelBytes }: FederationSummary): readonly (readonly [string, string])[] {
  const { lora, tuning, evaluation, schedule, smallestGroup = SMALLEST_GROUP } = config;
  return [
    ['Method', config.strategy],
    ['Model', `${config.model}, ${formatBytes(modelBytes)}`],
    ['Adapter', `rank ${lora.rank} × ${lora.expansion}: ${formatCount(layoutSize)} numbers`],
    ['You own about', `${formatCount(Math.round(layoutSize * referenceDensity(config)))} of them`],
    ['Passes over your text, a round', String(tuning.epochs)],
    ['Longest example', `${formatCount(tuning.maxLength)} tokens`],
    ['Kept aside to measure with', `${Math.round(100 * evaluation.heldOut)} % of your text`],
    ['A round closes with', `${schedule.goal} submissions, or at its deadline`],
    [
      'The last round',
      schedule.targetPerplexity === undefined
        ? String(schedule.rounds)
        : `${schedule.rounds}, or the first after which half of those who share theirs have a perplexity of ${schedule.targetPerplexity} or less`,
    ],
    ['Numbers are sent as', config.wire.dtype],
    [
      'What masks have in common is shown',
      smallestGroup === 1 ? 'for each two people' : `for groups of at least ${formatCount(smallestGroup)} people`,
    ],
  ];
}

/** Both ways of one round: the delta of what a client owns, and what it receives. */
export function roundBytes({ config, layoutSize }: FederationSummary): number {
  const owned = Math.round(layoutSize * referenceDensity(config));
  const received = config.receive === 'all' ? layoutSize : owned;
  return valuesByteLength(owned, config.wire.dtype) + valuesByteLength(received, downDtype(config.wire));
}
