import { federationConfigSchema } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { tuningTime } from './tuning-time.ts';

const config = federationConfigSchema.parse({
  name: 'Village',
  model: 'perfit-nano',
  search: { warmupEpochs: 2, iterations: 3, batches: 4 },
  tuning: { epochs: 5, batchSize: 8 },
});
/** 10⁹ operations a second, of which a step reaches half: 1 ms and 2 ms a token. */
const probe = {
  speed: 1e9,
  model: { fit: { verdict: 'fits', sentence: '' }, precision: 'f32', work: { forward: 5e5, step: 1e6 } },
} as const;
const text = { training: 100, validation: 10, heldOut: 20, tokens: 1300 };

describe('tuningTime', () => {
  it('is passes over the training rows, and two perplexities of the others', () => {
    // 10 tokens an example: 5 · 100 · 10 · 2 ms, and 2 · 30 · 10 · 1 ms.
    expect(tuningTime(config, probe, text).round).toBeCloseTo(10 + 0.6);
  });

  it('begins with the search, and with what the untouched model does', () => {
    // Two passes and three times 32 examples; 20 examples held out.
    expect(tuningTime(config, probe, text).beforehand).toBeCloseTo((200 + 96) * 0.02 + 0.2);
    const fewer = { ...text, training: 10, tokens: 400 };
    expect(tuningTime(config, probe, fewer).beforehand).toBeCloseTo((20 + 30) * 0.02 + 0.2);
    for (const strategy of ['fedit', 'random-mask'] as const)
      expect(tuningTime({ ...config, strategy }, probe, text).beforehand).toBeCloseTo(0.2);
  });

  it('is shorter on a faster device', () => {
    const faster = tuningTime(config, { ...probe, speed: 1e10 }, text);
    expect(faster.round).toBeCloseTo(1.06);
  });
});
