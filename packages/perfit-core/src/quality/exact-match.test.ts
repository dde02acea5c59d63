import { describe, expect, it } from 'vitest';
import { isExactMatch } from './exact-match.ts';

describe('isExactMatch', () => {
  it.each([
    ['At seven.', 'At seven.', true],
    ['  At\n\tseven. \r\n', 'At seven.', true],
    ['At seven', 'At seven.', false],
    ['at seven.', 'At seven.', false],
    ['Atseven.', 'At seven.', false],
    // One letter, written as one and as two.
    ['caf\u00e9', 'cafe\u0301', true],
    ['', ' ', true],
  ])('%j for %j: %s', (answer, expected, isSame) => {
    expect(isExactMatch(answer, expected)).toBe(isSame);
  });
});
