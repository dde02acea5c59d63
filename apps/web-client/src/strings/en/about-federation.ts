import { downDtype, type FederationSummary, valuesByteLength } from '@perfit/protocol';
import { referenceDensity } from '../../shared/budget/budget.ts';

export const strings = {
  title: 'About this federation',
  noDescription: 'Several people tune one language model together. Each works in a browser tab, on text of their own.',
  stays: [
    'Your text, all of it: it is read, split and trained on here.',
    'The chats that you have with your model.',
    'Your private key. It cannot be taken out of this browser.',
  ],
  sent: [
    'A mask: which adapter parameters matter for your text.',
    'Each round, how far those parameters moved.',
    'The name that you choose, your device, and how many examples you have.',
    'Loss and perplexity, only if you agree.',
  ],
  honest:
    'Masks and parameter changes are made from your text, and published attacks can sometimes recover words from such numbers. Do not take part with secrets. Everything that leaves this tab is listed in the ledger.',
} as const;

/** What to expect of a model that ships with the project. */
export function aboutModel(model: string): string | undefined {
  return model === 'perfit-nano' ? 'a demonstration model: small, says little of sense' : undefined;
}

/** Both ways of one round: the delta of what a client owns, and what it receives. */
export function roundBytes({ config, layoutSize }: FederationSummary): number {
  const owned = Math.round(layoutSize * referenceDensity(config));
  const received = config.receive === 'all' ? layoutSize : owned;
  return valuesByteLength(owned, config.wire.dtype) + valuesByteLength(received, downDtype(config.wire));
}
