import { describe, expect, it } from 'vitest';
import type { ComparedExample } from '../../contract/comparison-api.ts';
import { byGain, gainOf, perplexityOf, standingOf, tallyOf } from './gains.ts';
import { placeDots } from './place-dots.ts';

/** @param base and personal as perplexities */
function example(base: number, personal: number, tokens = 10): ComparedExample {
  return {
    prompt: '',
    response: '',
    tokens,
    base: Math.log(base),
    personal: Math.log(personal),
    hits: { base: 1, personal: 2 },
    answers: [],
  };
}

describe('gains', () => {
  it('are told by how many times less surprised the personal model is', () => {
    expect(gainOf(example(30, 10))).toBeCloseTo(3);
    expect(standingOf(example(30, 10))).toBe('better');
    expect(standingOf(example(10, 30))).toBe('worse');
    expect(standingOf(example(10, 10.1))).toBe('same');
    expect(standingOf(example(10.1, 10))).toBe('same');
  });

  it('are counted and sorted, the losses with them', () => {
    const examples = [example(10, 20), example(40, 10), example(5, 5), example(20, 10)];
    expect(tallyOf(examples)).toEqual({ better: 2, worse: 1, same: 1 });
    expect(byGain(examples).map(gainOf).map(Math.round)).toEqual([4, 2, 1, 1]);
    expect(gainOf(byGain(examples).at(-1) as ComparedExample)).toBeCloseTo(0.5);
  });

  it('[PF8] weigh every token alike for the perplexity of the whole', () => {
    const examples = [example(8, 4, 1), example(2, 2, 3)];
    expect(perplexityOf(examples, 'base')).toBeCloseTo((8 * 2 ** 3) ** 0.25);
    expect(perplexityOf(examples, 'personal')).toBeCloseTo((4 * 2 ** 3) ** 0.25);
  });
});

describe('the dots of a plot', () => {
  const size = { height: 90, dot: 10 };

  it('stand in columns by gain, within the plot, and no two at one place', () => {
    const gains = [1, 1, 1.01, 0.5, 8, 8, 3];
    const { dots, middle } = placeDots(gains, size);
    expect(dots).toHaveLength(gains.length);
    expect(new Set(dots.map(({ x, y }) => `${x} ${y}`)).size).toBe(gains.length);
    for (const { x, y } of dots) {
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(1);
      expect(y).toBeGreaterThanOrEqual(5);
      expect(y).toBeLessThanOrEqual(85);
    }
    expect((dots[3] as { x: number }).x).toBeLessThan(middle);
    expect((dots[6] as { x: number }).x).toBeGreaterThan(middle);
  });

  it('overlap rather than leave the plot where many stand in one column', () => {
    const { dots } = placeDots(Array(60).fill(2), size);
    expect(Math.min(...dots.map(({ y }) => y))).toBeGreaterThanOrEqual(5);
    expect(new Set(dots.map(({ y }) => y)).size).toBe(60);
  });

  it('have ticks at whole doublings, not more than there is room for', () => {
    const { ticks } = placeDots([2 ** -9, 2 ** 9], size);
    expect(ticks.length).toBeLessThanOrEqual(5);
    expect(ticks.map(({ gain }) => gain)).toContain(1);
    const { ticks: few } = placeDots([1.01], size);
    expect(few.map(({ gain }) => gain)).toEqual([0.5, 1, 2]);
  });
});
