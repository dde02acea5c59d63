import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { directorySource } from '../node/directory-source.ts';
import type { Example } from './example.ts';
import { NO_LOSS, tokenizeExamples } from './examples.ts';
import { responsePieces } from './response-pieces.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

let tokenizer: Tokenizer;

beforeAll(async () => {
  const folder = fileURLToPath(new URL('../../../../models/perfit-nano', import.meta.url));
  tokenizer = await loadTokenizer(directorySource(folder));
});

function piecesOf(example: Example) {
  const { examples } = tokenizeExamples([example], tokenizer, { maxLength: 128 });
  return examples.map((row) => ({ row, responses: responsePieces(row, tokenizer) }));
}

describe('the pieces of a response', () => {
  it('are its text and its end, and every label is in one of them', () => {
    const response = 'Wir öffnen um 7 Uhr 🥐, auch am Sonntag.';
    const [{ row, responses } = { row: null, responses: [] }] = piecesOf({ instruction: 'Wann?', response });
    const pieces = responses.flat();
    const readable = pieces.filter(({ isControl }) => !isControl).map(({ text }) => text);
    expect(readable.join('').trim()).toBe(response);
    // A character of several tokens is one piece.
    expect(pieces.find(({ text }) => text.includes('🥐'))?.text).toMatch(/^ ?🥐$/);
    expect(pieces.filter(({ isControl }) => isControl).map(({ text }) => text)).toEqual(['<|im_end|>']);
    expect(pieces.map(({ from }) => from)).toEqual([0, ...pieces.slice(0, -1).map(({ to }) => to)]);
    expect(pieces.at(-1)?.to).toBe(row?.labels.filter((label) => label !== NO_LOSS).length);
  });

  it('are those of each response of a conversation by itself', () => {
    const messages = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Good day.' },
      { role: 'user', content: 'Rye?' },
      { role: 'assistant', content: 'Yes.' },
    ] as const;
    const texts = piecesOf({ messages }).flatMap(({ responses }) =>
      responses.map((pieces) => pieces.flatMap(({ text, isControl }) => (isControl ? [] : [text])).join('')),
    );
    expect(texts.map((text) => text.trim())).toEqual(['Good day.', 'Yes.']);
  });

  it('begin with the second token of a text to be continued', () => {
    const text = 'The oven is lit at four.';
    const [{ row, responses } = { row: null, responses: [] }] = piecesOf({ text });
    expect(responses.flat().at(-1)?.to).toBe((row?.ids.length ?? 0) - 1);
    expect(
      text.endsWith(
        responses
          .flat()
          .map((piece) => piece.text)
          .join(''),
      ),
    ).toBe(true);
  });
});
