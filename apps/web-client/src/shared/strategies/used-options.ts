import type { StrategyName } from '@perfit/protocol';

/** [PF3] In these every client searches a mask of its own. */
const searching: ReadonlySet<string> = new Set<StrategyName>(['perfit', 'random-mask', 'sub-fedavg']);
/** [PF6] These average products, or weigh by them: there is no mean delta of a position that the server could step by. */
const averagingProducts: ReadonlySet<string> = new Set<StrategyName>(['hetlora', 'flora', 'flexlora']);

const searches = (strategy: string) => searching.has(strategy);
const exchanges = (strategy: string) => strategy !== 'local';

const usedBy: Readonly<Record<string, (strategy: string) => boolean>> = {
  'search.sharedRounds': searches,
  'search.everyRounds': searches,
  'search.prior': searches,
  // A mask that is drawn by lot has no warm-up whose work could be kept.
  'search.rewind': (strategy) => searches(strategy) && strategy !== 'random-mask',
  'personal.keep': searches,
  'server.optimizer': (strategy) => exchanges(strategy) && !averagingProducts.has(strategy),
  'wire.dtype': exchanges,
};

/** Whether a setting changes anything under a strategy. @param option its path in the federation's config */
export function usesOption(strategy: string, option: string): boolean {
  return usedBy[option]?.(strategy) ?? true;
}
