import { expect, it } from 'vitest';
import { TimeUpError, withinTime } from './within-time.ts';

it('gives what the work gives, and throws what it throws', () => {
  expect(withinTime(1_000, () => 7)).toBe(7);
  const failure = new RangeError('of the work');
  expect(() =>
    withinTime(1_000, () => {
      throw failure;
    }),
  ).toThrow(failure);
});

it.each<[string, () => unknown]>([
  [
    'a loop',
    () => {
      for (let i = 0; ; i++) if (i < 0) return i;
    },
  ],
  ['a regular expression', () => /^(?:[a-z ,.]+)+[0-9]~$/.test('a '.repeat(60))],
])('ends %s that would not end', (_, work) => {
  expect(() => withinTime(100, work)).toThrow(TimeUpError);
});
