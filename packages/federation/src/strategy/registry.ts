import { type FederationConfig, ProtocolError, type StrategyName } from '@perfit/protocol';
import { buildLayout, type Layout, type Mask, type ModelDimensions } from '@perfit/protocol/space';
import { positionsOf } from './matrices.ts';
import { perfit, randomMask, subFedAvg } from './searching.ts';
import type { RoundAt, Strategy } from './strategy.ts';
import { fedit, feditThenLocal, fedsa, ffa, local } from './whole.ts';

const strategies: Record<StrategyName, Strategy> = {
  perfit,
  fedit,
  'fedit+ft': feditThenLocal,
  local,
  'random-mask': randomMask,
  'sub-fedavg': subFedAvg,
  ffa,
  fedsa,
};

export function strategyOf(name: StrategyName): Strategy {
  return strategies[name];
}

/** [PF1] The layout of a federation's theta: coordinator and clients both derive it, and compare its hash. */
export function layoutOf(config: FederationConfig, dimensions: ModelDimensions): Layout {
  const { lora } = config;
  const { rank } = strategyOf(config.strategy).space(lora, dimensions);
  return buildLayout(dimensions, { rank, alpha: lora.alpha, targets: lora.targets });
}

/** What bounds a client's budget beside the federation's wish. */
export interface ClientLimits {
  /** The client's own choice. */
  readonly maxDensity?: number | undefined;
  /** As its device was measured; unknown is fast enough. */
  readonly tokensPerSecond?: number | undefined;
}

/**
 * [PF2] ρ_i: what the federation asks for, less where the device is slow, less where the client wants less.
 * 1 where the strategy leaves no choice.
 */
export function densityOf(config: FederationConfig, { maxDensity = 1, tokensPerSecond }: ClientLimits = {}): number {
  if (strategyOf(config.strategy).mask(config).kind === 'whole') return 1;
  const { density, slowDevices } = config.search;
  const speed = tokensPerSecond ?? Number.POSITIVE_INFINITY;
  const offers = slowDevices.filter(({ below }) => speed < below).map((tier) => tier.density);
  return Math.min(density ?? 1 / config.lora.expansion, maxDensity, ...offers);
}

/** [PF3] Whether a round is one of those, every M rounds, in which masks are searched anew. */
export function isSearchDue({ search }: FederationConfig, round: number): boolean {
  return search.everyRounds > 0 && round > 1 && (round - 1) % search.everyRounds === 0;
}

/** [PF2] k_i = round(ρ_i·N), for strategies that search. */
export function budgetOf(size: number, density: number): number {
  return Math.round(density * size);
}

/**
 * The mask that a client uploads must be one that its strategy and budget allow. A search in the scope `tensor` rounds
 * once a tensor, so that a mask may have one position a tensor more than k_i.
 * @throws ProtocolError `mask-density`
 */
export function checkExchangedMask(mask: Mask, layout: Layout, by: RoundAt & { density: number }): void {
  const strategy = strategyOf(by.config.strategy);
  const source = strategy.mask(by.config);
  if (source.kind === 'whole') {
    const only = strategy.exchanged(layout, positionsOf(layout, source.trains), by);
    if (mask.equals(only)) return;
    throw new ProtocolError('mask-density', `${strategy.title} has one mask for everybody, and this is another.`);
  }
  const most = Math.min(layout.size, budgetOf(layout.size, by.density) + layout.tensors.length);
  if (mask.kept <= most) return;
  throw new ProtocolError(
    'mask-density',
    `The mask keeps ${mask.kept} of ${layout.size} positions; this client's budget is ${most}.`,
    { kept: mask.kept, most },
  );
}
