import { seededRandom, shuffled } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { tokenizerOf } from '../../test/model-folders.ts';
import { DataError } from './data-error.ts';
import { parseDataset } from './datasets.ts';
import type { Example } from './example.ts';
import { tokenizeExamples } from './examples.ts';
import { splitExamples } from './split.ts';
import { tokenizeSplit } from './tokenize-split.ts';

const nano = tokenizerOf('perfitNano');
const options = { maxLength: 64, heldOut: 0.25, seed: 7 };
const rows = Array.from({ length: 24 }, (_, i) => ({ instruction: `Question ${i}?`, response: `Answer ${i}.` }));
const asLines = (records: readonly object[]) => records.map((record) => JSON.stringify(record)).join('\n');

const long = 'a b c d e f g h i j '.repeat(20);

describe('tokenizeSplit', () => {
  it('[PF8] holds the same rows out of the same file and seed, in whatever form and order they come', () => {
    const heldOut = (name: string, content: string, seed = options.seed) =>
      tokenizeSplit(parseDataset(name, content), nano, { ...options, seed })
        .heldOut.map(({ ids }) => nano.decode(ids))
        .sort();
    const lines = asLines(rows);
    expect(heldOut('mine.jsonl', lines)).toHaveLength(6);
    expect(heldOut('mine.jsonl', asLines(shuffled(rows, seededRandom(3))))).toEqual(heldOut('mine.jsonl', lines));
    expect(heldOut('mine.json', JSON.stringify(rows))).toEqual(heldOut('mine.jsonl', lines));
    expect(heldOut('mine.jsonl', lines, 8)).not.toEqual(heldOut('mine.jsonl', lines));
  });

  it('gives both sides as tokens and as they were, and counts what was cut and dropped', () => {
    const examples: Example[] = [
      ...rows,
      { instruction: 'Long?', response: long },
      { messages: [{ role: 'user', content: 'Nobody answers this.' }] },
    ];
    const { training, heldOut, split, cut, dropped } = tokenizeSplit({ examples }, nano, options);
    expect(cut).toBe(1);
    expect(dropped).toBe(1);
    expect(training.length + heldOut.length).toBe(examples.length - 1);
    expect(split.training.length + split.heldOut.length).toBe(examples.length);
    expect(heldOut).toEqual(tokenizeExamples(split.heldOut, nano, { maxLength: options.maxLength }).examples);
  });

  it('says which side the model can read nothing of', () => {
    const refusal = (examples: readonly Example[]) => {
      try {
        tokenizeSplit({ examples }, nano, options);
      } catch (error) {
        if (error instanceof DataError) return [error.code, error.message];
      }
      return null;
    };
    const silent = Array.from({ length: 400 }, (_, i) => ({
      messages: [{ role: 'user' as const, content: `Nobody answers ${i}.` }],
    }));
    expect(refusal(silent)).toEqual(['data-no-examples', expect.stringMatching(/to learn from\. The first: .*\.$/)]);
    // Whoever is held out of 400 is held out of few, too.
    const { heldOut } = splitExamples(silent, { heldOutFraction: 0.02, seed: options.seed });
    expect(refusal([...heldOut, ...rows.slice(0, 12)])).toEqual([
      'data-no-examples',
      expect.stringMatching(/to measure with\. The first: .*\.$/),
    ]);
    expect(refusal(rows.slice(0, 3))?.[0]).toBe('data-too-few');
  });
});
