import { describe, expect, it } from 'vitest';
import { takeValidation } from './validation.ts';

const rows = Array.from({ length: 20 }, (_, i) => i);

describe('takeValidation', () => {
  it('divides the rows, in their order, and the same from the same seed', () => {
    const { training, validation } = takeValidation(rows, { share: 0.25, seed: 3 });
    expect(validation).toHaveLength(5);
    expect([...training, ...validation].sort((a, b) => a - b)).toEqual(rows);
    expect(training).toEqual([...training].sort((a, b) => a - b));
    expect(takeValidation(rows, { share: 0.25, seed: 3 }).validation).toEqual(validation);
    expect(takeValidation(rows, { share: 0.25, seed: 4 }).validation).not.toEqual(validation);
  });

  it('takes nothing where nothing is asked for, and leaves a row to train on', () => {
    expect(takeValidation(rows, { share: 0, seed: 1 })).toEqual({ training: rows, validation: [] });
    expect(takeValidation([1, 2], { share: 0.01, seed: 1 }).validation).toHaveLength(1);
    expect(takeValidation([1], { share: 0.5, seed: 1 })).toEqual({ training: [1], validation: [] });
  });
});
