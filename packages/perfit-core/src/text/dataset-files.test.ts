import { describe, expect, it } from 'vitest';
import { DataError } from './data-error.ts';
import { LARGEST_DATASET_BYTES } from './dataset-file.ts';
import { admitFiles, type DatasetFile, MAX_FILES, parseDatasetFiles } from './dataset-files.ts';

const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ instruction: `Question ${from + i}?`, response: `Answer ${from + i}.` }));
const lines = (records: readonly unknown[]) => records.map((record) => JSON.stringify(record)).join('\n');
const jsonl = (name: string, records: readonly unknown[]): DatasetFile => ({ name, content: lines(records) });
const table = (head: string, count: number) =>
  [head, ...rows(count).map(({ instruction, response }) => `${instruction},note,${response}`)].join('\n');

describe('several files', () => {
  it('give their examples together, each file by itself saying what it gave', () => {
    const { files, examples, sources, error } = parseDatasetFiles([
      {
        name: 'notes/chat.json',
        content: JSON.stringify([
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello' },
        ]),
      },
      jsonl('b.jsonl', rows(9)),
      { name: 'a.csv', content: table('question,remark,answer', 4) },
      { name: 'photo.png', content: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1) },
      { name: 'empty.txt', content: '' },
    ]);
    expect(error).toBeNull();
    expect(files.map((file) => [file.name, file.format, file.examples, file.error?.code ?? null])).toEqual([
      ['a.csv', 'csv', 4, null],
      ['b.jsonl', 'jsonl', 5, null],
      ['empty.txt', null, 0, 'data-empty'],
      ['notes/chat.json', 'json', 1, null],
      ['photo.png', null, 0, 'data-not-text'],
    ]);
    expect(examples.length).toBe(10);
    expect(sources).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 3]);
    expect(examples.at(-1)).toEqual({
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
      ],
    });
  });

  it('are the same in any order, and count what repeats in a file and across files', () => {
    const given = [jsonl('a.jsonl', [...rows(6), ...rows(2)]), jsonl('b.jsonl', [...rows(3), ...rows(4, 6)])];
    const parsed = parseDatasetFiles(given);
    expect(parsed).toEqual(parseDatasetFiles(given.toReversed()));
    expect(parsed.files.map(({ examples, duplicates, inOthers }) => [examples, duplicates, inOthers])).toEqual([
      [6, 2, 0],
      [4, 3, 3],
    ]);
    expect(parsed.duplicates).toBe(5);
    // A file of nothing but repeats is no broken file.
    expect(parseDatasetFiles([...given, jsonl('c.jsonl', rows(2))]).files[2]).toMatchObject({
      examples: 0,
      error: null,
    });
  });

  it('are refused together where they are too few, or none can be used', () => {
    expect(parseDatasetFiles([jsonl('a.jsonl', rows(3)), jsonl('b.jsonl', rows(4))]).error).toMatchObject({
      code: 'data-too-few',
      message: 'The 2 files have 4 usable examples (without 3 that came twice); at least 8 are needed.',
    });
    const none = parseDatasetFiles([
      { name: 'a.bin', content: Uint8Array.of(0, 0) },
      { name: 'b.txt', content: '' },
    ]);
    expect(none.error).toMatchObject({ code: 'data-no-examples', message: expect.stringContaining('a.bin: ') });
    expect(parseDatasetFiles([]).error?.code).toBe('data-empty');
  });

  it('name what was not read at all', () => {
    const refusal = new DataError('data-too-large', 'Too large.');
    const { files, error } = parseDatasetFiles([{ name: 'big.txt', content: refusal }, jsonl('a.jsonl', rows(9))]);
    expect(error).toBeNull();
    expect(files[1]).toMatchObject({ name: 'big.txt', examples: 0, error: refusal });
  });

  it('are admitted by their sizes, alone and together, and by their number', () => {
    const half = LARGEST_DATASET_BYTES / 2;
    const file = (name: string, size: number) => ({ name, size });
    const codes = (sizes: number[]) =>
      admitFiles(sizes.map((size, i) => file(`${i}`, size))).map((e) => e?.code ?? null);
    expect(codes([half, LARGEST_DATASET_BYTES + 1, half, 1])).toEqual([null, 'data-too-large', null, 'data-too-large']);
    expect(codes(Array.from({ length: MAX_FILES + 1 }, () => 1)).at(-1)).toBe('data-too-large');
  });
});

describe('a mapping of columns', () => {
  const german = (count: number) =>
    [
      'Nr;Frage;Hintergrund;Antwort',
      ...rows(count).map((row, i) => `${i};${row.instruction};about;${row.response}`),
    ].join('\n');

  it('is asked for with the columns and what is in them', () => {
    const { files, error } = parseDatasetFiles([{ name: 'a.csv', content: german(9) }]);
    expect(error?.code).toBe('data-no-examples');
    expect(files[0]?.columns).toEqual([
      { name: 'Nr', samples: ['0', '1', '2'] },
      { name: 'Frage', samples: ['Question 0?', 'Question 1?', 'Question 2?'] },
      { name: 'Hintergrund', samples: ['about', 'about', 'about'] },
      { name: 'Antwort', samples: ['Answer 0.', 'Answer 1.', 'Answer 2.'] },
    ]);
    expect(files[0]?.roles).toEqual({ instruction: null, context: null, response: null, text: null });
  });

  it('says which column is what, whatever the case of the name', () => {
    const columns = { instruction: 'frage', context: 'Hintergrund', response: 'Antwort' };
    const { files, examples, error } = parseDatasetFiles([{ name: 'a.csv', content: german(9), columns }]);
    expect(error).toBeNull();
    expect(examples[0]).toEqual({ instruction: 'Question 0?', context: 'about', response: 'Answer 0.' });
    expect(files[0]?.roles).toEqual({ instruction: 'Frage', context: 'Hintergrund', response: 'Antwort', text: null });
    const text = parseDatasetFiles([{ name: 'a.csv', content: german(9), columns: { text: 'Antwort' } }]);
    expect(text.examples[0]).toEqual({ text: 'Answer 0.' });
    expect(text.files[0]?.roles).toEqual({ instruction: null, context: null, response: null, text: 'Antwort' });
  });

  it('overrides a guess, can leave a role out, and takes no column twice', () => {
    const records = rows(9).map((row, i) => ({ ...row, input: 'aside', summary: `In short ${i}` }));
    const one = (columns: DatasetFile['columns']) =>
      parseDatasetFiles([{ name: 'a.jsonl', content: lines(records), ...(columns ? { columns } : {}) }]).examples[0];
    expect(one(undefined)).toEqual({ instruction: 'Question 0?', context: 'aside', response: 'Answer 0.' });
    expect(one({ context: null })).toEqual({ instruction: 'Question 0?', response: 'Answer 0.' });
    expect(one({ instruction: 'response', response: 'summary' })).toEqual({
      instruction: 'Answer 0.',
      context: 'aside',
      response: 'In short 0',
    });
    expect(one({ text: 'summary' })).toEqual({ text: 'In short 0' });
  });

  it('is of columns: files without them keep to the usual names, and conversations stay conversations', () => {
    const columns = { instruction: 'Frage', response: 'Antwort' };
    const chat = rows(9).map(({ instruction, response }) => ({
      messages: [
        { role: 'user', content: instruction },
        { role: 'assistant', content: response },
      ],
    }));
    expect(parseDatasetFiles([{ ...jsonl('a.jsonl', rows(9, 20)), columns }]).examples).toEqual(rows(9, 20));
    expect(parseDatasetFiles([{ ...jsonl('a.jsonl', chat), columns }]).examples).toEqual(chat);
    const both = chat.map((record, i) => ({ ...record, Frage: `Was ${i}?`, Antwort: `Das ${i}.` }));
    expect(parseDatasetFiles([{ ...jsonl('a.jsonl', both), columns }]).examples[0]).toEqual({
      instruction: 'Was 0?',
      response: 'Das 0.',
    });
  });
});

describe('chat exports', () => {
  const turn = (i: number) => [
    { role: 'user', content: `Question ${i}?` },
    { role: 'assistant', content: `Answer ${i}.` },
  ];

  it('are one conversation a file, a list of them, or a list under a name', () => {
    const conversations = Array.from({ length: 8 }, (_, i) => ({ messages: turn(i) }));
    const folder = conversations.map(({ messages }, i) => ({ name: `${i}.json`, content: JSON.stringify(messages) }));
    expect(parseDatasetFiles(folder).examples).toEqual(conversations);
    const whole = folder.map(({ name }, i) => ({ name, content: JSON.stringify(conversations[i], null, 2) }));
    expect(parseDatasetFiles(whole).examples).toEqual(conversations);
    for (const content of [JSON.stringify(conversations), JSON.stringify({ title: 'Export', conversations })]) {
      expect(parseDatasetFiles([{ name: 'export.json', content }]).examples).toEqual(conversations);
    }
    const asLines = { name: 'log.jsonl', content: lines(conversations.flatMap(({ messages }) => messages)) };
    expect(parseDatasetFiles([asLines]).examples).toEqual([
      { messages: conversations.flatMap(({ messages }) => messages) },
    ]);
  });

  it('may call sender and text by other names', () => {
    const chats = Array.from({ length: 8 }, (_, i) => ({
      chat_messages: [
        { sender: 'human', text: `Question ${i}?` },
        { sender: 'assistant', text: `Answer ${i}.` },
      ],
    }));
    expect(parseDatasetFiles([{ name: 'a.json', content: JSON.stringify(chats) }]).examples[0]).toEqual({
      messages: turn(0),
    });
  });
});
