import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rougeL, rougeScoreWords, unicodeWords } from './rouge-l.ts';

interface Expected {
  readonly answer: string;
  readonly expected: string;
  readonly fmeasure: number;
  readonly unicode: number;
}

/** By the Python package: `test/make-rouge-expectations.py`. */
const fixture = fileURLToPath(new URL('../../test/rouge-l.json', import.meta.url));
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: readonly Expected[] };
const isAscii = ({ answer, expected }: Expected) => !/[^\0-\x7f]/.test(answer + expected);

describe('rougeL', () => {
  it('gives the very numbers of rouge-score where words are as there', () => {
    expect(cases.length).toBeGreaterThan(50);
    for (const { answer, expected, fmeasure } of cases) {
      expect(rougeL(answer, expected, rougeScoreWords), answer).toBe(fmeasure);
    }
  });

  it('gives them for all ASCII text, and elsewhere those of rouge-score with our words', () => {
    for (const each of cases) {
      if (isAscii(each)) expect(each.unicode).toBe(each.fmeasure);
      expect(rougeL(each.answer, each.expected), each.answer).toBe(each.unicode);
    }
  });

  it('keeps words of any script, and takes letters one by one where no spaces part words', () => {
    expect(unicodeWords('Grüße, don’t 7:30')).toEqual(['grüße', 'don', 't', '7', '30']);
    expect(unicodeWords('हिन्दी में')).toEqual(['हिन्दी', 'में']);
    expect(unicodeWords('GPT出了v2')).toEqual(['gpt', '出', '了', 'v2']);
    expect(rougeScoreWords('Grüße')).toEqual(['gr', 'e']);
  });

  it('is bounded and the same whichever text is the answer', () => {
    for (const { answer, expected } of cases) {
      const score = rougeL(answer, expected);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
      expect(rougeL(expected, answer)).toBeCloseTo(score, 12);
    }
  });
});
