import type { Conclusion, ModuleOrigin } from '../../contract/session/session-state.ts';
import { formatPerplexity } from '../../shared/format/format-number.ts';

export const strings = {
  title: 'Was joining worth it?',
  lead: 'This device also tuned a second model on your text alone, just as long. Both answered examples that neither was trained on.',
  together: 'Together',
  alone: 'Alone',
  base: 'Base model',
  verdicts: {
    helped: 'Yes, joining helped.',
    'did-not-help': 'No, joining didn’t help.',
    'cannot-tell': 'Nobody can tell yet.',
  },
  advice: {
    helped: 'More rounds with the same people may help further.',
    'did-not-help': 'It pays more with people whose texts are like yours, or with fewer examples of your own.',
    'cannot-tell': 'More examples would show it; so would people whose texts are more like yours.',
  },
  notCompared: 'Did joining help?',
  notComparedLead:
    'To find out, this device can tune a second model on your text alone and compare. It takes about as long as your part of the rounds did.',
  compare: 'Compare with tuning alone',
} as const;

/** As the object of "you keep" and "chat and export use". */
export function originName({ of, round }: Required<ModuleOrigin>): string {
  switch (of) {
    case 'received':
      return `the model that you received in round ${round}`;
    case 'tuned':
      return `the model of round ${round}`;
    case 'final':
      return `the shared model after round ${round}`;
    case 'mean':
      return 'the mean of the models you tuned last';
    case 'mix':
      return 'a mix of the model you received and the one you tuned last';
    case 'alone':
      return 'the model tuned on your text alone';
    case 'alone-mean':
      return 'the mean of the models tuned on your text alone';
  }
}

/** Where it is not what was tuned last. */
export function moduleInUse(name: string, { figure, last }: { figure: number | null; last: number | null }): string {
  const worth = figure === null ? '' : ` (perplexity ${formatPerplexity(figure)})`;
  return `Chat and export use ${name}${worth}, not the one tuned last (${formatPerplexity(last)}): it did best on the examples that choose the best model.`;
}

export function keptWords({ of, round, perplexity }: Conclusion): string {
  return `You keep ${originName({ of, round })} (perplexity ${formatPerplexity(perplexity.kept)}): it did best on the examples that choose the best model.`;
}

/** What the figures say, beside the verdict. */
export function joiningWords({ verdict, ratio, rows }: NonNullable<Conclusion['joining']>): string {
  const percent = Math.abs(100 * (1 - ratio));
  const size = percent < 1 ? 'less than 1 %' : `${Math.round(percent)} %`;
  const direction = ratio < 1 ? 'lower' : 'higher';
  if (verdict !== 'cannot-tell') return `Your perplexity is ${size} ${direction} than it would be alone.`;
  return `Your perplexity is ${size} ${direction} than it would be alone, but with ${rows} held-out ${rows === 1 ? 'example' : 'examples'} that can be chance.`;
}
