import { type FederationConfig, ProtocolError, strategyNameSchema } from '@perfit/protocol';
import { buildLayout, type Layout, Mask, type ModelDimensions } from '@perfit/protocol/space';
import { builtIn } from './built-in/index.ts';
import { ranksOf } from './parts/positions.ts';
import type { MaskSource, RoundAt, Strategy } from './strategy.ts';

const known = new Map<string, Strategy>(builtIn.map((strategy) => [strategy.name, strategy]));

/** All that this program knows, in the order in which it came to know them. */
export function knownStrategies(): readonly Strategy[] {
  return [...known.values()];
}

/**
 * Adds a strategy of one's own. Coordinator and clients must know the same under its name.
 * @throws RangeError where the name is none, or taken
 */
export function registerStrategy(strategy: Strategy): void {
  const { name } = strategy;
  const parsed = strategyNameSchema.safeParse(name);
  if (!parsed.success)
    throw new RangeError(`A strategy cannot be called "${name}": ${parsed.error.issues[0]?.message}.`);
  if (known.has(name)) throw new RangeError(`There is a strategy "${name}" already.`);
  known.set(name, strategy);
}

/** @throws ProtocolError `strategy-unknown` */
export function strategyOf(name: string): Strategy {
  const strategy = known.get(name);
  if (strategy) return strategy;
  throw new ProtocolError(
    'strategy-unknown',
    `This program does not know the strategy "${name}". It may be one of the federation's own, or of a later version.`,
    { strategy: name },
  );
}

/** [PF1] The layout of a federation's theta: coordinator and clients both derive it, and compare its hash. */
export function layoutOf(config: FederationConfig, dimensions: ModelDimensions): Layout {
  const { lora } = config;
  const { rank, alpha } = strategyOf(config.strategy).space(lora, dimensions);
  return buildLayout(dimensions, { rank, alpha, targets: lora.targets });
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
  if (strategyOf(config.strategy).mask({ config, round: 1 }).kind === 'whole') return 1;
  const { density, slowDevices } = config.search;
  const speed = tokensPerSecond ?? Number.POSITIVE_INFINITY;
  const offers = slowDevices.filter(({ below }) => speed < below).map((tier) => tier.density);
  return Math.min(density ?? 1 / config.lora.expansion, maxDensity, ...offers);
}

/** [PF3] Whether masks are searched anew in a round: in the first after shared ones, and every M rounds from there. */
export function isSearchDue({ search }: FederationConfig, round: number): boolean {
  const since = round - 1 - search.sharedRounds;
  if (since === 0) return search.sharedRounds > 0;
  return since > 0 && search.everyRounds > 0 && since % search.everyRounds === 0;
}

/** [PF2] k_i = round(ρ_i·N), for strategies that search. */
export function budgetOf(size: number, density: number): number {
  return Math.round(density * size);
}

/** [PF2] r_i of a client whose budget is ranks: round(ρ_i·R), at least one. */
function rankOf(layout: Layout, density: number): number {
  return Math.max(1, Math.min(layout.rank, Math.round(density * layout.rank)));
}

/** The mask that needs no search; null where one is to be searched. */
export function givenMask(source: MaskSource, layout: Layout, density: number): Mask | null {
  if (source.kind === 'whole') return source.positions(layout);
  return source.kind === 'ranks' ? ranksOf(layout, 0, rankOf(layout, density)) : null;
}

/**
 * The mask that a client uploads must be one that its strategy and budget allow. A search in the scope `tensor` rounds
 * once a tensor, so that a mask may have one position a tensor more than k_i.
 * @throws ProtocolError `mask-density`
 */
export function checkExchangedMask(mask: Mask, layout: Layout, by: RoundAt & { density: number }): void {
  const strategy = strategyOf(by.config.strategy);
  const given = givenMask(strategy.mask(by), layout, by.density);
  if (given) {
    if (mask.equals(strategy.exchanged(layout, given, by))) return;
    throw new ProtocolError('mask-density', `${strategy.title} has one mask for this budget, and this is another.`);
  }
  const most = strategy.exchanged(layout, Mask.full(layout.size), by).kept === 0 ? 0 : maxKept(layout, by.density);
  if (mask.kept <= most) return;
  throw new ProtocolError(
    'mask-density',
    `The mask keeps ${mask.kept} of ${layout.size} positions; this client's budget is ${most}.`,
    { kept: mask.kept, most },
  );
}

/** [PF2] The most positions that a searched mask may have. */
export function maxKept(layout: Layout, density: number): number {
  return Math.min(layout.size, budgetOf(layout.size, density) + layout.tensors.length);
}
