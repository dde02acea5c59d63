import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from './data-error.ts';
import { checkDatasetSize, LARGEST_DATASET_BYTES } from './dataset-file.ts';
import { parseDataset } from './datasets.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ instruction: `Question ${from + i}?`, response: `Answer ${from + i}.` }));
const lines = (records: unknown[], end = '\n') => records.map((record) => JSON.stringify(record)).join(end);

function errorOf(name: string, content: Uint8Array | string): DataError {
  try {
    parseDataset(name, content);
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return error as DataError;
  }
  throw new Error('nothing was thrown');
}

describe('JSONL', () => {
  it('gives dolly, Alpaca, prompt and question records in order', () => {
    const { format, examples, skipped } = parseDataset(
      'mine.jsonl',
      lines([
        { instruction: ' A? ', context: 'about', response: 'a', category: 'open_qa' },
        { instruction: 'B?', input: '', output: 'b' },
        { prompt: 'C?', completion: 3 },
        { Question: 'D?', Answer: 'd' },
        { input: 'E', output: 'e' },
        { text: 'Words.' },
        ...rows(4),
      ]),
    );
    expect(format).toBe('jsonl');
    expect(skipped).toBe(0);
    expect(examples.slice(0, 6)).toEqual([
      { instruction: 'A?', context: 'about', response: 'a' },
      { instruction: 'B?', response: 'b' },
      { instruction: 'C?', response: '3' },
      { instruction: 'D?', response: 'd' },
      { instruction: 'E', response: 'e' },
      { text: 'Words.' },
    ]);
  });

  it('gives conversations in OpenAI and ShareGPT form', () => {
    const turn = (role: string, content: unknown) => ({ role, content });
    const { examples, problems } = parseDataset(
      'chat.jsonl',
      lines([
        { messages: [turn('system', 's'), turn('user', 'a'), turn('assistant', 'b'), turn('user', 'c')] },
        { messages: [turn('user', [{ type: 'text', text: 'x' }]), turn('assistant', 'y')] },
        {
          conversations: [
            { from: 'human', value: 'p' },
            { from: 'gpt', value: 'q' },
          ],
        },
        { messages: [turn('user', 'a')] },
        { messages: [turn('tool', 'a'), turn('assistant', 'b')] },
        { messages: 'a' },
        { messages: [null] },
        ...rows(8),
      ]),
    );
    expect(examples.slice(0, 3)).toEqual([
      { messages: [turn('system', 's'), turn('user', 'a'), turn('assistant', 'b'), turn('user', 'c')] },
      { messages: [turn('user', 'x'), turn('assistant', 'y')] },
      { messages: [turn('user', 'p'), turn('assistant', 'q')] },
    ]);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [4, 'bad-messages'],
      [5, 'bad-messages'],
      [6, 'bad-messages'],
      [7, 'bad-messages'],
    ]);
  });

  it('skips bad lines and says where they are, through a byte-order mark, CRLF and blank lines', () => {
    const text = `\uFEFF${lines(rows(5), '\r\n')}\r\n\r\n{"instruction": \r\n[1]\r\n{"instruction":"x"}\r\n{"response":"x"}\r\n${lines(rows(5, 5), '\r\n')}\r\n`;
    const { examples, problems, skipped } = parseDataset('mine.jsonl', bytes(text));
    expect(examples).toEqual(rows(10));
    expect(skipped).toBe(4);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [7, 'bad-json'],
      [8, 'not-an-object'],
      [9, 'no-response'],
      [10, 'no-instruction'],
    ]);
    expect(problems[2]?.message).toBe('There is no response; the fields are "instruction".');
  });

  it('drops what comes twice, white space aside', () => {
    const again = { instruction: ' Question 3? ', response: 'Answer\n3.' };
    const { examples, duplicates } = parseDataset('mine.jsonl', lines([...rows(9), again, ...rows(2)]));
    expect(examples).toEqual(rows(9));
    expect(duplicates).toBe(3);
  });

  it('reports at most 200 problems and counts all', () => {
    const { problems, skipped } = parseDataset('mine.jsonl', `${'x\n'.repeat(1000)}${lines(rows(8))}`);
    expect(problems.length).toBe(200);
    expect(skipped).toBe(1000);
  });
});

describe('JSON', () => {
  it('reads an array, pretty or not, with the line of each record', () => {
    const odd = { instruction: 'Brackets ]},{[ and "quotes" \\" and \n?', response: '[{"a": [1]}]' };
    const records = [odd, ...rows(8)];
    for (const text of [JSON.stringify(records), JSON.stringify(records, null, 2)]) {
      expect(parseDataset('a.json', text).examples).toEqual(records);
    }
    const { examples, problems } = parseDataset(
      'a.json',
      `[\n ${lines(rows(8), ',\n ')},\n {"instruction": 1,},\n 5\n]`,
    );
    expect(examples).toEqual(rows(8));
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [10, 'bad-json'],
      [11, 'not-an-object'],
    ]);
  });

  it('keeps what it can of a file that breaks off', () => {
    const { examples, problems } = parseDataset('a.json', JSON.stringify(rows(12)).slice(0, -20));
    expect(examples).toEqual(rows(11));
    expect(problems.map(({ code }) => code)).toEqual(['bad-json']);
  });

  it('finds the array in an object, and JSONL under the name of JSON', () => {
    expect(parseDataset('a.json', JSON.stringify({ version: 1, data: rows(8) })).examples).toEqual(rows(8));
    expect(parseDataset('a.json', lines(rows(8))).examples).toEqual(rows(8));
    expect(parseDataset('a.jsonl', JSON.stringify(rows(8), null, 1)).examples).toEqual(rows(8));
    expect(parseDataset('a.txt', lines(rows(8))).examples).toEqual(rows(8));
  });
});

describe('tables', () => {
  const body = rows(8).map(({ instruction, response }) => [instruction, response]);

  it('reads CSV by commas or semicolons, quoted cells with line breaks, and reports the line of a bad row', () => {
    const text = `\uFEFFInstruction,Context,Response\r\n"Say ""hi"", now",,"one\r\ntwo"\r\n,,\r\nonly,,\r\na,b,c,d\r\n${body
      .map(([a, b]) => `${a},,${b}`)
      .join('\r\n')}`;
    const { format, examples, problems } = parseDataset('mine.CSV', bytes(text));
    expect(format).toBe('csv');
    expect(examples[0]).toEqual({ instruction: 'Say "hi", now', response: 'one\ntwo' });
    expect(examples.slice(1)).toEqual(rows(8));
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [5, 'no-response'],
      [6, 'bad-row'],
    ]);
    const semicolons = `instruction;response\n${body.map((cells) => cells.join(';')).join('\n')}`;
    expect(parseDataset('mine.csv', semicolons).examples).toEqual(rows(8));
  });

  it('reads TSV, in UTF-16 with a byte-order mark too, as spreadsheets write it', () => {
    const text = `\uFEFFprompt\tcompletion\n${body.map((cells) => cells.join('\t')).join('\n')}`;
    expect(parseDataset('a.tsv', bytes(text)).examples).toEqual(rows(8));
    const wide = new Uint8Array(Uint16Array.from(text, (character) => character.charCodeAt(0)).buffer);
    expect(parseDataset('a.tsv', wide).examples).toEqual(rows(8));
  });

  it('says which columns it found where none is known', () => {
    const error = errorOf('a.csv', 'name,age\nx,1');
    expect(error.code).toBe('data-no-examples');
    expect(error.message).toContain('"name", "age"');
  });
});

describe('prose', () => {
  const paragraph = (i: number) => `Paragraph ${i} says something. ${`It goes on for ${i} lines. `.repeat(12)}`.trim();

  it('is cut between paragraphs', () => {
    const paragraphs = Array.from({ length: 30 }, (_, i) => paragraph(i));
    const { format, examples } = parseDataset('diary.md', paragraphs.join('\n\n'));
    expect(format).toBe('text');
    const texts = examples.map((example) => ('text' in example ? example.text : ''));
    expect(texts.join('\n\n')).toBe(paragraphs.join('\n\n'));
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(1000);
  });

  it('is cut between sentences, words or characters where a paragraph is long', () => {
    const texts = (content: string) =>
      parseDataset('a.txt', content).examples.map((example) => ('text' in example ? example.text : ''));
    const sentences = texts(Array.from({ length: 300 }, (_, i) => `Sentence number ${i} ends here.`).join(' '));
    for (const text of sentences) expect(text).toMatch(/^Sentence .* here\.$/s);
    const words = texts(Array.from({ length: 900 }, (_, i) => `word${i}`).join(' '));
    expect(words.join(' ')).toBe(Array.from({ length: 900 }, (_, i) => `word${i}`).join(' '));
    const emoji = texts(Array.from({ length: 1500 }, (_, i) => String.fromCodePoint(0x1f300 + (i % 700))).join(''));
    for (const text of emoji) expect(text).not.toMatch(/\p{Surrogate}/u);
  });
});

describe('a file that cannot be used', () => {
  it('is refused with a code and a sentence', () => {
    expect(errorOf('a.txt', '').code).toBe('data-empty');
    expect(errorOf('a.txt', '\uFEFF \r\n\t').code).toBe('data-empty');
    expect(errorOf('a.txt', Uint8Array.of(0x68, 0, 0x69)).code).toBe('data-not-text');
    expect(errorOf('a.csv', Uint8Array.of(0xc3, 0x28, 0x41)).code).toBe('data-not-text');
    expect(errorOf('a.txt', '%PDF-1.7 hello').code).toBe('data-not-text');
    expect(errorOf('a.jsonl', 'x\ny').code).toBe('data-no-examples');
    expect(errorOf('a.jsonl', 'x\ny').message).toBe(
      'Nothing in the file can be used as an example. Line 1: This is not valid JSON.',
    );
    expect(errorOf('a.json', '[]').code).toBe('data-no-examples');
    expect(errorOf('a.json', '"hello"').code).toBe('data-too-few');
    const few = errorOf('a.jsonl', lines([...rows(7), ...rows(3)]));
    expect(few.code).toBe('data-too-few');
    expect(few.message).toBe('The file has 7 usable examples (without 3 that came twice); at least 8 are needed.');
  });

  it('is refused by its size before it is read', () => {
    const large = new Uint8Array(LARGEST_DATASET_BYTES + 1);
    const error = errorOf('a.txt', large);
    expect(error.code).toBe('data-too-large');
    expect(error.message).toBe('The file has 32.1 MiB; at most 32 MiB can be read. Take a part of it.');
    expect(() => checkDatasetSize('a.txt', 80_000_000)).toThrow('76.3 MiB; at most 32 MiB');
    expect(() => checkDatasetSize('a.txt', LARGEST_DATASET_BYTES)).not.toThrow();
  });

  it('never throws anything but a DataError, whatever it holds', () => {
    const name = fc.constantFrom('a.jsonl', 'a.json', 'a.csv', 'a.tsv', 'a.md', 'a.txt', 'a', '');
    const scrap = fc.constantFrom(
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '\n',
      '\r',
      '\\',
      'instruction',
      'response',
      '\t',
      ';',
      ':',
    );
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fc.oneof(scrap, scrap, fc.string({ maxLength: 4 })), { maxLength: 60 }).map((parts) => parts.join('')),
      fc.json({ maxDepth: 4 }),
      fc
        .array(
          fc.dictionary(fc.constantFrom('instruction', 'response', 'messages', 'text', '__proto__'), fc.jsonValue()),
          {
            maxLength: 12,
          },
        )
        .map((records) => JSON.stringify(records)),
      fc
        .array(fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 5 }), { maxLength: 20 })
        .map((cells) => `instruction,response\n${cells.map((row) => row.join(',')).join('\n')}`),
    );
    fc.assert(
      fc.property(name, content, (fileName, value) => {
        try {
          const { examples, problems } = parseDataset(fileName, value);
          expect(examples.length).toBeGreaterThanOrEqual(8);
          for (const { line } of problems) expect(line).toBeGreaterThanOrEqual(1);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
        }
      }),
      { numRuns: 600 },
    );
  });
});

describe('the sample personas', () => {
  const folder = new URL('../../../../samples/', import.meta.url);
  it.each(readdirSync(folder).filter((name) => name.endsWith('.jsonl')))('%s is read without a problem', (name) => {
    const { examples, skipped, duplicates } = parseDataset(name, readFileSync(new URL(name, folder)));
    expect(examples.length).toBeGreaterThan(40);
    expect([skipped, duplicates]).toEqual([0, 0]);
  });
});
