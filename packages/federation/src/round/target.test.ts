import { describe, expect, it } from 'vitest';
import { targetReached } from './target.ts';

describe('[RD2] the target of a federation', () => {
  const rules = { targetPerplexity: 20, minimum: 2 };

  it('is the median of those who share theirs', () => {
    expect(targetReached([19, 30, 12], rules)).toMatch(/median perplexity of 3 is 19, of 20 asked for/);
    expect(targetReached([21, 30, 12], rules)).toBeNull();
    expect(targetReached([12, 27.9], rules)).toMatch(/is 19\.95/);
    expect(targetReached([20, 20], rules)).not.toBeNull();
  });

  it('is not reached by fewer than the minimum, by one who makes a figure up, or where there is none', () => {
    expect(targetReached([2], rules)).toBeNull();
    expect(targetReached([], { ...rules, minimum: 1 })).toBeNull();
    expect(targetReached([1e-9, 300, 280], rules)).toBeNull();
    expect(targetReached([2, 2], { minimum: 2 })).toBeNull();
  });
});
