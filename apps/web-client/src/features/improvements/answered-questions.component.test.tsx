import { beforeEach, describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, see, seeFact, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { EngineEvent } from '../../contract/engine-event.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { Answered, GivenAnswer } from '../../contract/session/answers.ts';
import { useSession } from '../../shared/session/session-store.ts';
import { AnsweredQuestions } from './answered-questions.tsx';

const said = (text: string, rougeL: number, more: Partial<GivenAnswer> = {}): GivenAnswer => ({
  text,
  tokens: 4,
  isCut: false,
  rougeL,
  isExact: false,
  ...more,
});
const questions = [
  { prompt: 'When do you open?', expected: 'At seven.', base: said('I am a chatbot', 0, { isCut: true }) },
  { prompt: 'Any seeded loaves?', expected: 'Come before ten.', base: said('', 0) },
];
const answered = (round: number, first: GivenAnswer): Answered => ({
  round,
  module: { round, of: 'tuned' },
  questions,
  answers: [first, said('Come at ten.', 0.67)],
});
const tuned = (round: number) => ({ round, of: 'tuned' }) as const;
const tell = (...events: readonly EngineEvent[]) =>
  useSession.getState().take(events.map((event, i) => ({ at: i + 1, event })));
const started: EngineEvent = { type: 'started', name: 'Ada', federation: 'village' };
const rows = () => page.getByTestId('answered-question');

beforeEach(() => useSession.getState().reset());

describe('AnsweredQuestions', () => {
  it('comes with the first tuning', async () => {
    await show(<AnsweredQuestions module={null} />);
    await seeNot('Your questions, answered');
  });

  it('answers when it is asked to, says how far it is, and shows base → now with what each measure says', async () => {
    const answering = later<Outcome<Answered | null>>();
    playWorker({
      answerQuestions: async (onProgress) => {
        onProgress(1, 4);
        return answering.answer;
      },
    });
    tell(started, { type: 'left', reason: 'asked' });
    await show(<AnsweredQuestions module={tuned(1)} />);
    await button('Answer a few questions').click();
    await see('1 of 4 answers');
    await expect.element(page.getByRole('progressbar', { name: 'Answering' })).toHaveAttribute('aria-valuenow', '25');
    await expectAccessible();
    answering.give(done(answered(1, said('At seven.', 1, { isExact: true }))));
    await seeFact('ROUGE-L', '0.00 → 0.83 How much of your answer a model’s own says');
    await seeFact('Exact match', '0 → 1 of 2 Answers that are yours to the letter');
    await seeFact('Your model as of', 'round 1');
    await see('I am a chatbot …', 'No answer', 'ROUGE-L 1.00, exact match', 'Come before ten.');
    await expect.poll(() => rows().elements().length).toBe(2);
    await seeNot('Answer a few questions');
    await expectAccessible();
  });

  it('shows what came while rounds ran, and the model of earlier rounds', async () => {
    tell(started, { type: 'answers', ...answered(1, said('At six.', 0.5)) });
    await show(<AnsweredQuestions module={tuned(1)} />);
    await see('At six.');
    tell({ type: 'answers', ...answered(2, said('At seven.', 1)), module: { round: 1, of: 'tuned' } });
    await see('At seven.');
    const rounds = page.getByRole('combobox', { name: 'Your model as of' });
    await expect.element(rounds).toHaveDisplayValue('round 2: the model of round 1');
    await rounds.selectOptions('round 1');
    await see('At six.');
    await seeFact('ROUGE-L', '0.00 → 0.58');
    await expectAccessible();
    // Who looks back goes on to look back.
    tell({ type: 'answers', ...answered(3, said('At eight.', 0.5)) });
    await see('At six.');
  });

  it('says that there is a newer model, and answers again', async () => {
    tell(started, { type: 'answers', ...answered(1, said('At six.', 0.5)) });
    playWorker({
      answerQuestions: async () => {
        tell({ type: 'answers', ...answered(2, said('At seven.', 1)) });
        return done(answered(2, said('At seven.', 1)));
      },
    });
    await show(<AnsweredQuestions module={tuned(2)} />);
    await see('There’s a newer model, from round 2.');
    await button('Answer again').click();
    await see('At seven.');
    await seeNot('There’s a newer model, from round 2.');
  });

  it('is switched on and off while rounds run, and says why it is off', async () => {
    const wanted: boolean[] = [];
    playWorker({
      setAnswering: async (isWanted) => {
        wanted.push(isWanted);
        tell({ type: 'answering', how: isWanted ? 'on' : 'off' });
        return done(null);
      },
    });
    tell(started);
    await show(<AnsweredQuestions module={tuned(1)} />);
    const toggle = page.getByRole('switch', { name: 'Answer after each round' });
    await expect.element(toggle).toBeChecked();
    await see(/Turns off if it takes longer than 30 seconds/);
    tell({ type: 'answering', how: 'slow' });
    await see(/as this device takes longer than 30 seconds/);
    await expect.element(toggle).not.toBeChecked();
    await expectAccessible();
    await toggle.click();
    await expect.element(toggle).toBeChecked();
    await toggle.click();
    await see('Off. You can still answer them when you like.');
    expect(wanted).toEqual([true, false]);
    tell({ type: 'left', reason: 'asked' });
    await expect.element(toggle).not.toBeInTheDocument();
  });

  it('can be cancelled, and says where a text asks nothing or the model is gone', async () => {
    const answering = later<Outcome<Answered | null>>();
    playWorker({
      answerQuestions: () => answering.answer,
      cancelAnswers: async () => {
        answering.give(done(null));
        return done(null);
      },
    });
    await show(<AnsweredQuestions module={tuned(1)} />);
    await button('Answer a few questions').click();
    await button('Cancel').click();
    await see('Canceled. The answers so far are kept.');
    playWorker({ answerQuestions: async () => done({ ...answered(1, said('', 0)), questions: [], answers: [] }) });
    await button('Answer a few questions').click();
    await see('Your held-out examples have no question that the model can be asked.');
    playWorker({ answerQuestions: async () => refused('device-lost', 'The graphics processor is gone.') });
    await button('Answer a few questions').click();
    await seeFailure('Could not answer the questions', 'The graphics processor is gone.', 'device-lost');
    await expectAccessible();
  });
});
