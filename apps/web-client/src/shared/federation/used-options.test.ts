import { layoutOf, strategyOf } from '@perfit/federation';
import { federationConfigSchema, strategyNames } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { usesOption } from './used-options.ts';

const dimensions = { layers: 1, width: 2, queryWidth: 2, keyValueWidth: 2, feedForwardWidth: 2 };

/** What a strategy does in the second of five rounds, with the same numbers each time. */
function secondRound(strategy: string, keep: number) {
  const config = federationConfigSchema.parse({
    name: 'village',
    model: 'perfit-nano',
    strategy,
    lora: { rank: 2, targets: ['q_proj'] },
    schedule: { rounds: 5 },
    personal: { keep },
  });
  const layout = layoutOf(config, dimensions);
  const at = { config, round: 2 };
  const owned = Mask.full(layout.size);
  const received = new Float32Array(layout.size).fill(1);
  const previous = new Float32Array(layout.size).fill(3);
  const { averaging, ...methods } = strategyOf(strategy);
  return {
    averaging,
    source: methods.mask(at),
    exchanged: methods.exchanged(layout, owned, at).kept,
    start: methods.start({ ...at, layout, owned, received, previous, warm: null }),
  };
}

// The page may not know the strategies themselves; this holds what it says against them.
describe('the settings that the operator is asked for', () => {
  it.each(strategyNames)('are those that %s uses', (strategy) => {
    const { source, exchanged, averaging, start } = secondRound(strategy, 0);
    const searches = source.kind === 'search';
    expect(usesOption(strategy, 'search.sharedRounds')).toBe(searches);
    expect(usesOption(strategy, 'search.everyRounds')).toBe(searches);
    expect(usesOption(strategy, 'search.prior')).toBe(searches);
    expect(usesOption(strategy, 'search.rewind')).toBe(searches && source.settings.warmupEpochs > 0);
    expect(usesOption(strategy, 'server.optimizer')).toBe(averaging === 'parameterwise' && exchanged > 0);
    expect(usesOption(strategy, 'wire.dtype')).toBe(exchanged > 0);
    const isKept = secondRound(strategy, 0.5).start.some((value, p) => value !== start[p]);
    expect(usesOption(strategy, 'personal.keep')).toBe(isKept);
  });
});
