/** What the page may ask of the worker about answers to held-out questions. Types only, as in engine-api.ts. */
import type { Outcome } from './outcome.ts';
import type { Answered } from './session/answers.ts';

export interface AnswersApi {
  /**
   * Base and personal model answer the first held-out questions, greedily and shortly. What was answered before is kept, and
   * a session that runs is told as well.
   * @param onProgress answers given, of answers   @returns null where it was cancelled; without questions where the text asks none
   */
  answerQuestions(onProgress: (done: number, of: number) => void): Promise<Outcome<Answered | null>>;
  /** Of what the page asked for. */
  cancelAnswers(): Promise<Outcome<null>>;
}
