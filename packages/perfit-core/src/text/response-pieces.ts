import { NO_LOSS, type TokenizedExample } from './examples.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A stretch of a response that can be read: one token, or the few that make one character together. */
export interface ResponsePiece {
  readonly text: string;
  /** A control token, such as the one that ends a response; its name is its text. */
  readonly isControl: boolean;
  /** Which of the row's labels it is, counted from 0: from … to − 1. */
  readonly from: number;
  readonly to: number;
}

/**
 * What a model is asked to predict of a row, as text, response by response. The first token of a row is no label: nothing
 * stands before it.
 */
export function responsePieces({ ids, labels }: TokenizedExample, tokenizer: Tokenizer): ResponsePiece[][] {
  const responses: ResponsePiece[][] = [];
  let label = 0;
  for (let at = 1; at < ids.length; ) {
    if (labels[at] === NO_LOSS) {
      at++;
      continue;
    }
    let end = at;
    while (end < ids.length && labels[end] !== NO_LOSS) end++;
    responses.push(piecesOf(ids.subarray(at, end), tokenizer, label));
    label += end - at;
    at = end;
  }
  return responses;
}

function piecesOf(ids: Int32Array, tokenizer: Tokenizer, first: number): ResponsePiece[] {
  const pieces: ResponsePiece[] = [];
  let stream = tokenizer.stream();
  let from = first;
  const give = (text: string, to: number, isControl = false) => {
    if (to > from) pieces.push({ text, isControl, from, to });
    from = to;
  };
  ids.forEach((id, i) => {
    const to = first + i + 1;
    if (tokenizer.specialIds.has(id)) {
      give(stream.flush(), to - 1);
      give(tokenizer.tokenOf(id) ?? '', to, true);
      stream = tokenizer.stream();
      return;
    }
    const text = stream.push(id);
    if (text !== '') give(text, to);
  });
  give(stream.flush(), first + ids.length);
  return pieces;
}
