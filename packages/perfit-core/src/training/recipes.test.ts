import { describe, expect, it } from 'vitest';
import { rateAt } from './learning-rate.ts';
import { recipeFor } from './recipes.ts';

describe('recipeFor', () => {
  it.each([
    [1.3e6, 30, { learningRate: 4e-3, epochs: 4, rate: { warmup: 0, decay: 'constant' } }],
    [1.35e8, 60, { learningRate: 1e-3, epochs: 4, rate: { warmup: 0.1, decay: 'cosine' } }],
    [3.6e8, 101, { learningRate: 5e-4, epochs: 3 }],
    [1.1e9, 100_000, { learningRate: 2e-4, epochs: 1 }],
  ])('has one for %d parameters and %d rows', (parameters, rows, recipe) => {
    expect(recipeFor({ parameters, rows })).toMatchObject(recipe);
  });
});

describe('rateAt', () => {
  const schedule = { warmup: 0.2, decay: 'cosine' } as const;
  const rates = Array.from({ length: 20 }, (_, step) => rateAt(step, 20, schedule));

  it('rises to its full height, never from nothing, and falls along a cosine', () => {
    expect(rates.slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(rates[12]).toBeCloseTo(0.5, 12);
    for (let step = 5; step < 20; step++) expect(rates[step]).toBeLessThan(rates[step - 1] as number);
    expect(rates[19]).toBeGreaterThan(0);
  });

  it('stays at its full height where nothing else is said, also over a single step', () => {
    expect(rateAt(7, 20, { warmup: 0, decay: 'constant' })).toBe(1);
    expect(rateAt(0, 1, schedule)).toBe(1);
  });
});
