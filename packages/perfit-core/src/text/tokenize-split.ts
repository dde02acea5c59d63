import { DataError } from './data-error.ts';
import type { ParsedDataset } from './datasets.ts';
import { type DroppedExample, type TokenizedExample, tokenizeExamples } from './examples.ts';
import { type ExampleSplit, splitExamples } from './split.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface TokenizeSplitOptions {
  /** T: no example has more tokens. */
  readonly maxLength: number;
  /** The share that is only ever evaluated, in (0, 1). */
  readonly heldOut: number;
  readonly seed: number;
}

/** A person's examples as the model reads them. */
export interface TokenizedSplit {
  readonly training: readonly TokenizedExample[];
  readonly heldOut: readonly TokenizedExample[];
  /** The same before tokenising, also what was dropped. */
  readonly split: ExampleSplit;
  /** Examples that lost tokens to T. */
  readonly cut: number;
  /** Examples that the model can learn nothing from. */
  readonly dropped: number;
}

/**
 * [PF8] The one way from a file to tokens, wherever a client runs: the same examples, share and seed hold out the
 * same rows in Node and in a tab.
 * @throws DataError `data-too-few` where the examples cannot be split, `data-no-examples` where tokenising leaves
 * nothing on one side
 */
export function tokenizeSplit(
  { examples }: Pick<ParsedDataset, 'examples'>,
  tokenizer: Tokenizer,
  { maxLength, heldOut: heldOutFraction, seed }: TokenizeSplitOptions,
): TokenizedSplit {
  const split = splitExamples(examples, { heldOutFraction, seed });
  const training = tokenizeExamples(split.training, tokenizer, { maxLength });
  const heldOut = tokenizeExamples(split.heldOut, tokenizer, { maxLength });
  const dropped = [...training.dropped, ...heldOut.dropped];
  if (training.examples.length === 0) throw nothingLeft('to learn from', dropped);
  if (heldOut.examples.length === 0) throw nothingLeft('held out to measure with', dropped);
  return {
    training: training.examples,
    heldOut: heldOut.examples,
    split,
    cut: training.cut.examples + heldOut.cut.examples,
    dropped: dropped.length,
  };
}

function nothingLeft(what: string, dropped: readonly DroppedExample[]): DataError {
  const [first] = dropped;
  return new DataError(
    'data-no-examples',
    `The model can read none of the examples ${what}.${first ? ` The first: ${first.message}` : ''}`,
    { dropped: dropped.length },
  );
}
