import { expect, it } from 'vitest';
import { type Answered, type Answers, type GivenAnswer, withAnswers } from './answers.ts';

const said = (text: string): GivenAnswer => ({ text, tokens: 1, isCut: false, rougeL: 0, isExact: false });
const answered = (round: number, text: string, prompt = 'When?'): Answered => ({
  round,
  module: { round, of: 'tuned' },
  questions: [{ prompt, expected: 'At seven.', base: said('No idea.') }],
  answers: [said(text)],
});

it('adds what each round’s module says, the latest last', () => {
  const first = withAnswers(null, answered(1, 'At six.'));
  const second = withAnswers(first, answered(2, 'At seven.'));
  expect(second.rounds.map(({ round, answers }) => [round, answers[0]?.text])).toEqual([
    [1, 'At six.'],
    [2, 'At seven.'],
  ]);
  expect(second.questions).toEqual(first.questions);
});

it('puts an answer of the same module in the place of its last one', () => {
  const twice = withAnswers(withAnswers(null, answered(1, 'At six.')), answered(1, 'At seven.'));
  expect(twice.rounds.map(({ answers }) => answers[0]?.text)).toEqual(['At seven.']);
  const kept = withAnswers(twice, { ...answered(1, 'At eight.'), module: { round: 1, of: 'mean' } });
  expect(kept.rounds.length).toBe(2);
});

it('begins anew with other questions', () => {
  const other = withAnswers(withAnswers(null, answered(1, 'At six.')), answered(2, 'Here.', 'Where?'));
  expect(other.rounds.map(({ round }) => round)).toEqual([2]);
});

it('thins out rounds of long ago, and keeps the first and the latest', () => {
  let answers: Answers | null = null;
  for (let round = 1; round <= 500; round++) answers = withAnswers(answers, answered(round, `${round}`));
  const rounds = answers?.rounds.map(({ round }) => round) ?? [];
  expect(rounds.length).toBeLessThanOrEqual(40);
  expect([rounds[0], ...rounds.slice(-3)]).toEqual([1, 498, 499, 500]);
});
