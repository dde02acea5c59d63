/** [PF3] In these every client searches a mask of its own. */
const searching: ReadonlySet<string> = new Set(['perfit', 'random-mask', 'sub-fedavg']);
/** [PF6] These average products, or weigh by them: there is no mean delta of a position that the server could step by. */
const averagingProducts: ReadonlySet<string> = new Set(['hetlora', 'flora', 'flexlora']);

const searches = (strategy: string) => searching.has(strategy);
const exchanges = (strategy: string) => strategy !== 'local';
// A mask that is drawn by lot has no warm-up and no scores.
const scores = (strategy: string) => searches(strategy) && strategy !== 'random-mask';
const isMean = (strategy: string) => exchanges(strategy) && !averagingProducts.has(strategy);

const usedBy: Readonly<Record<string, (strategy: string) => boolean>> = {
  'search.warmupEpochs': scores,
  'search.iterations': scores,
  'search.batches': scores,
  'search.score': (strategy) => strategy === 'perfit',
  'search.scope': searches,
  'search.density': searches,
  'search.slowDevices': searches,
  'search.sharedRounds': searches,
  'search.everyRounds': searches,
  'search.prior': searches,
  'search.rewind': scores,
  'personal.keep': searches,
  'server.optimizer': isMean,
  'robust.mean': isMean,
  'robust.clipNorm': exchanges,
  'wire.dtype': exchanges,
};

/** Whether a setting changes anything under a strategy. @param option its path in the federation's config */
export function usesOption(strategy: string, option: string): boolean {
  return usedBy[option]?.(strategy) ?? true;
}
