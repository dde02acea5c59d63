import { federationConfigSchema } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { tuningSettings } from './round-settings.ts';

const configWith = (tuning: object, strategy = 'perfit') =>
  federationConfigSchema.parse({ name: 'village', model: 'nano', strategy, tuning, schedule: { rounds: 4 } });

describe('[PF4] the settings of a round', () => {
  it('have the same rate in every round, and no rise, unless the federation says otherwise', () => {
    const config = configWith({ learningRate: 1e-3 });
    for (const round of [1, 2, 4]) {
      expect(tuningSettings(config, round).learningRate).toBe(1e-3);
      expect(tuningSettings(config, round)).not.toHaveProperty('rate');
    }
  });

  it('fall along a cosine over the rounds, and are still something in the last', () => {
    const config = configWith({ learningRate: 1e-3, decay: 'cosine', warmup: 0.1 });
    const rates = [1, 2, 3, 4].map((round) => tuningSettings(config, round).learningRate / 1e-3);
    const expected = [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2];
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[i] as number, 12);
    expect(tuningSettings(config, 3).rate).toEqual({ warmup: 0.1, decay: 'constant' });
  });

  it('keep the course where a strategy changes another setting', () => {
    const settings = tuningSettings(configWith({ learningRate: 1e-3, decay: 'cosine' }, 'fedprox'), 3);
    expect(settings.learningRate).toBeCloseTo(5e-4, 12);
    expect(settings.proximal).toBe(0.01);
  });
});
