import type { GivenAnswer } from '@perfit/core';
import type { ModuleOrigin } from './session-state.ts';

export type { GivenAnswer };

/** [PF8] A held-out question, what the person's text answers, and what the base model says. */
export interface AskedQuestion {
  readonly prompt: string;
  readonly expected: string;
  readonly base: GivenAnswer;
}

/** What one personal module says, question by question. */
export interface AnsweredRound {
  /** The client's latest round then. */
  readonly round: number;
  readonly module: ModuleOrigin;
  readonly answers: readonly GivenAnswer[];
}

export interface Answered extends AnsweredRound {
  readonly questions: readonly AskedQuestion[];
}

/** The same questions round after round, the latest last. */
export interface Answers {
  readonly questions: readonly AskedQuestion[];
  readonly rounds: readonly AnsweredRound[];
}

/**
 * Whether held-out questions are answered while the client waits for others: as long as the device is quick enough, because
 * the person said so, not because they said so, or not since the device is slow.
 */
export type Answering = 'auto' | 'on' | 'off' | 'slow';

/** More rounds are thinned out; the first and the latest stay. */
const ROUNDS_KEPT = 40;

/** What was said before, with what is said now. Other questions than before begin anew. */
export function withAnswers(before: Answers | null, { questions, ...now }: Answered): Answers {
  const isSame =
    before?.questions.length === questions.length &&
    before.questions.every(({ prompt, expected }, i) => {
      const question = questions[i];
      return question?.prompt === prompt && question.expected === expected;
    });
  const earlier = isSame ? before.rounds.filter((round) => !isSameModule(round, now)) : [];
  return { questions, rounds: thinned([...earlier, now]) };
}

function isSameModule(a: AnsweredRound, b: AnsweredRound): boolean {
  return a.round === b.round && a.module.round === b.module.round && a.module.of === b.module.of;
}

/** Every second one of the older half goes. */
function thinned(rounds: readonly AnsweredRound[]): readonly AnsweredRound[] {
  if (rounds.length <= ROUNDS_KEPT) return rounds;
  return rounds.filter((_, i) => i % 2 === 0 || i > rounds.length / 2);
}
