/** How a text falls into the words that {@link rougeL} counts. */
export type WordsOf = (text: string) => readonly string[];

/** Runs of letters, their marks and digits; where a script writes no spaces between words, each letter with its marks. */
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{M}\p{N}])+/gu;

/** In lower case, without punctuation: of ASCII text those of {@link rougeScoreWords}, and of any other script as well. */
export function unicodeWords(text: string): readonly string[] {
  return text.toLowerCase().normalize('NFC').match(WORDS) ?? [];
}

/**
 * As the Python package rouge-score 0.1.2 has them by default, without stemming: everything but a to z and digits parts
 * words. "Grüße" is "gr" and "e" there, and text in other scripts has no words at all.
 */
export function rougeScoreWords(text: string): readonly string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/**
 * How much of an expected text an answer says in the same order: F1 of the longest common subsequence of words, from 0 to 1.
 * With P its share of the answer's words and R of the expected text's, 2PR / (P + R); 0 where either has no word. A
 * sentence's end is no border.
 * Source: Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries, section 3.1, with β = 1; the same numbers as
 * rouge-score's `rougeL`.
 */
export function rougeL(answer: string, expected: string, wordsOf: WordsOf = unicodeWords): number {
  const said = wordsOf(answer);
  const wanted = wordsOf(expected);
  if (said.length === 0 || wanted.length === 0) return 0;
  const common = commonLength(said, wanted);
  const precision = common / said.length;
  const recall = common / wanted.length;
  return common === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** Of the longest common subsequence; two rows of the table suffice for its length. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  let above = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    for (let j = 0; j < b.length; j++) {
      row[j + 1] = word === b[j] ? (above[j] as number) + 1 : Math.max(above[j + 1] as number, row[j] as number);
    }
    [above, row] = [row, above];
  }
  return above[b.length] as number;
}
