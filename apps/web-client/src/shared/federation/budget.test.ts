import { densityOf } from '@perfit/federation';
import { type FederationConfigInput, federationConfigSchema, strategyNames } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { hasBudget, maxDensityFor, portions, referenceDensity } from './budget.ts';

const configOf = (part: Partial<FederationConfigInput>) =>
  federationConfigSchema.parse({ name: 'village', model: 'perfit-nano', ...part });

// The page may not know the strategies themselves; this holds what it says against them.
describe('[PF2] the budget that the page speaks of', () => {
  it.each(strategyNames)('is the one that %s has', (strategy) => {
    for (const part of [{}, { lora: { expansion: 4 } }, { search: { density: 0.3 } }]) {
      const config = configOf({ strategy, ...part });
      expect(referenceDensity(config)).toBe(densityOf(config));
      for (const portion of ['full', 'half', 'quarter'] as const) {
        const share = hasBudget(config) ? portions[portion] : 1;
        const maxDensity = maxDensityFor(config, portion);
        expect(densityOf(config, { maxDensity })).toBeCloseTo(share * densityOf(config), 12);
      }
    }
  });
});
