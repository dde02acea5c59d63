import {
  type AdapterTensors,
  answerQuestion,
  Conversation,
  type Example,
  type GivenAnswer,
  type LanguageModel,
  type Question,
  questionOf,
  type Tokenizer,
} from '@perfit/core';

/** One question of the text, and what each model makes of it. */
export interface AnsweredQuestion {
  readonly prompt: string;
  readonly expected: string;
  readonly base: GivenAnswer;
  /** Null where no adapter was given. */
  readonly adapter: GivenAnswer | null;
}

/** Over several answers of one model. */
export interface AnswerScores {
  /** The mean. */
  readonly rougeL: number;
  /** How many are exact. */
  readonly exact: number;
}

interface AskOptions {
  /** So many questions, the first that can be asked. */
  readonly questions: number;
  readonly maxTokens: number;
  readonly onAnswer?: (done: number) => void;
}

/** Asks a model with and without an adapter; both stay the caller's. */
export async function answerQuestions(
  { model, tokenizer, adapter }: { model: LanguageModel; tokenizer: Tokenizer; adapter: AdapterTensors | null },
  examples: readonly Example[],
  { questions, maxTokens, onAnswer }: AskOptions,
): Promise<AnsweredQuestion[]> {
  const base = new Conversation({ model, tokenizer, adapter: null });
  const tuned = adapter && new Conversation({ model, tokenizer, adapter });
  const answered: AnsweredQuestion[] = [];
  try {
    for (const example of examples) {
      if (answered.length === questions) break;
      const question = questionOf(example);
      const first = question && (await answerQuestion(base, question, { maxTokens }));
      if (!question || !first) continue;
      const second = tuned && (await answerQuestion(tuned, question, { maxTokens }));
      answered.push({ prompt: promptOf(question), expected: question.expected, base: first, adapter: second });
      onAnswer?.(answered.length);
    }
  } finally {
    base.dispose();
    tuned?.dispose();
  }
  return answered;
}

/** @returns null where nothing was answered */
export function scoresOf(answers: readonly GivenAnswer[]): AnswerScores | null {
  if (answers.length === 0) return null;
  return {
    rougeL: answers.reduce((sum, { rougeL }) => sum + rougeL, 0) / answers.length,
    exact: answers.filter(({ isExact }) => isExact).length,
  };
}

function promptOf({ messages }: Question): string {
  const last = messages.at(-1);
  return last?.context ? `${last.content}\n\n${last.context}` : (last?.content ?? '');
}
