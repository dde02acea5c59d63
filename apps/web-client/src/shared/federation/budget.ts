import type { FederationConfig } from '@perfit/protocol';

/** Strategies in which every client has a budget of its own; in the others there is nothing to choose. */
const withBudget: ReadonlySet<string> = new Set(['perfit', 'random-mask', 'sub-fedavg', 'hetlora', 'flexlora']);

export function hasBudget({ strategy }: Pick<FederationConfig, 'strategy'>): boolean {
  return withBudget.has(strategy);
}

/** [PF2] ρ of a device that nothing bounds. */
export function referenceDensity(config: Pick<FederationConfig, 'strategy' | 'search' | 'lora'>): number {
  if (!hasBudget(config)) return 1;
  return config.search.density ?? 1 / config.lora.expansion;
}

/** How much of its budget a person lets this device take on. */
export const portions = { full: 1, half: 1 / 2, quarter: 1 / 4 } as const;
export type Portion = keyof typeof portions;

/** [PF2] The client may choose less. @returns undefined where it takes what it is offered */
export function maxDensityFor(config: FederationConfig, portion: Portion): number | undefined {
  if (portion === 'full' || !hasBudget(config)) return undefined;
  return portions[portion] * referenceDensity(config);
}
