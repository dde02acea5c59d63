import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ClientText, clientTexts, fingerprintOf } from './client-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'perfit-texts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (name: string, values: readonly unknown[]): string => {
  const file = join(folder, name);
  const isLines = name.endsWith('.jsonl');
  writeFileSync(file, isLines ? values.map((value) => JSON.stringify(value)).join('\n') : JSON.stringify(values));
  return file;
};
const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

const dolly = written(
  'dolly.json',
  many(60, (i) => ({ instruction: `do ${i}`, context: '', response: `done ${i}`, category: `c${i % 3}` })),
);
const stories = written(
  'stories.json',
  many(20, (i) => `Once upon a time there were ${i} bears.`),
);
const tasks = written(
  'tasks.jsonl',
  many(10, (i) => ({
    id: `task ${i}`,
    instruction: `task ${i}`,
    instances: [
      { input: `in ${i}`, output: `out ${i}` },
      { input: '', output: `more ${i}` },
    ],
  })),
);
const persona = written(
  'persona.jsonl',
  many(14, (i) => ({ instruction: `ask ${i}`, response: `answer ${i}` })),
);

const defaults = { heldOut: 4, validation: 0 };
const sizes = ({ name, training, heldOut, validation }: ClientText) => [
  name,
  training.length,
  heldOut.length,
  validation.length,
];

describe('a text that is dealt out', () => {
  const shared = (seed: number) =>
    clientTexts({
      ...defaults,
      validation: 2,
      clients: [
        { name: 'club', files: [persona], dealtTo: 2 },
        { name: 'stories', files: [stories] },
      ],
    })(seed);

  it('has clients with rows of their own, and the same rows held out for each', () => {
    const texts = shared(1);
    expect(texts.map(sizes)).toEqual([
      ['club-1', 3, 4, 2],
      ['club-2', 3, 4, 2],
      ['stories', 14, 4, 2],
    ]);
    const [one, other] = texts as [ClientText, ClientText];
    expect(one.heldOut).toEqual(other.heldOut);
    const all = [one.heldOut, ...[one, other].flatMap(({ training, validation }) => [training, validation])].flat();
    expect(new Set(all.map((example) => JSON.stringify(example))).size).toBe(14);
  });

  it('is dealt otherwise by another seed, and the same by the same', () => {
    expect(shared(1)).toEqual(shared(1));
    expect(shared(2)[0]?.heldOut).not.toEqual(shared(1)[0]?.heldOut);
  });

  it('says which of its clients has too few rows', () => {
    const few = { ...defaults, heldOut: 12, clients: [{ name: 'club', files: [persona], dealtTo: 3 }] };
    expect(() => clientTexts(few)(1)).toThrow('data: club-3 has 0 usable rows; one to train on asks for 1.');
  });
});

describe('the clients’ texts', () => {
  it('are those of files, of described clients and of the corpus, in this order', () => {
    const texts = clientTexts({
      ...defaults,
      files: [persona],
      clients: [
        { name: 'stories', files: [stories] },
        { name: 'tasks', files: [tasks] },
        { name: 'c2 and c1', files: [dolly], where: { category: ['c2', 'c1'] } },
      ],
      corpus: [dolly],
      partition: { by: 'field', field: 'category', values: ['c1'] },
    })(1);
    expect(texts.map(sizes)).toEqual([
      ['persona', 10, 4, 0],
      ['stories', 16, 4, 0],
      ['tasks', 16, 4, 0],
      ['c2 and c1', 36, 4, 0],
      ['c1', 16, 4, 0],
    ]);
    expect(texts[1]?.training[0]).toEqual({ text: expect.stringMatching(/^Once upon a time/) });
    expect(texts[2]?.training).toContainEqual({ instruction: 'task 1', context: 'in 1', response: 'out 1' });
    expect(texts[2]?.training.concat(texts[2].heldOut)).toContainEqual({ instruction: 'task 1', response: 'more 1' });
  });

  it('[PF8] hold the same rows out with and without rows to validate on, and share none', () => {
    const of = (validation: number) => clientTexts({ ...defaults, files: [persona], validation })(7)[0] as ClientText;
    const [without, with_] = [of(0), of(3)];
    expect(sizes(with_)).toEqual(['persona', 7, 4, 3]);
    expect(with_.heldOut).toEqual(without.heldOut);
    const all = [...with_.training, ...with_.heldOut, ...with_.validation].map((row) => JSON.stringify(row));
    expect(new Set(all).size).toBe(14);
    expect(of(3)).toEqual(with_);
    expect(fingerprintOf([with_])).not.toBe(fingerprintOf([without]));
  });

  it('may be a folder of files: one client with all that is in them', () => {
    const several = join(folder, 'several');
    mkdirSync(several, { recursive: true });
    copyFileSync(persona, join(several, 'a.jsonl'));
    writeFileSync(join(several, 'b.csv'), `question,answer\n${many(6, (i) => `q ${i},a ${i}`).join('\n')}`);
    const [text] = clientTexts({ ...defaults, files: [several] })(1);
    expect(sizes(text as ClientText)).toEqual(['several', 16, 4, 0]);
  });

  it('have the fingerprint that they had before there were rows to validate on', () => {
    const [text] = clientTexts({ ...defaults, files: [persona] })(1);
    const { name, heldOut, training } = text as ClientText;
    const before = JSON.stringify([{ name, heldOut, training }]);
    expect(fingerprintOf([text as ClientText])).toBe(createHash('sha256').update(before).digest('hex'));
  });

  it('may be of unequal sizes where that is asked for', () => {
    const data = { ...defaults, files: [persona, stories], train: 12, validation: 2 };
    expect(() => clientTexts(data)(1)).toThrow(
      'persona has 14 usable rows; data.train, data.heldOut and data.validation ask for 18.',
    );
    const texts = clientTexts({ ...data, trainAtLeast: 8 })(1);
    expect(texts.map(sizes)).toEqual([
      ['persona', 8, 4, 2],
      ['stories', 12, 4, 2],
    ]);
    expect(() => clientTexts({ ...data, trainAtLeast: 9 })(1)).toThrow('data.trainAtLeast, data.heldOut and');
  });

  it.each([
    [{ clients: [{ name: 'persona', files: [stories] }] }, 'two clients are called persona'],
    [{ clients: [{ name: 'a', files: ['nowhere.json'] }] }, 'data.clients.0.files: there is no file nowhere.json'],
    [
      { clients: [{ name: 'a', files: [dolly], where: { category: 'c9' } }] },
      'data.clients.0.where.category: no row has c9 there; some have c0, c1, c2.',
    ],
    [
      { clients: [{ name: 'a', files: [dolly], where: { kind: 'c1' } }] },
      'data.clients.0.where.kind: no row has such a field; there are instruction, context, response, category.',
    ],
    [
      { clients: [{ name: 'a', files: [written('numbers.json', [1, 2])] }] },
      'is neither JSONL nor a JSON list, of objects or of texts',
    ],
  ])('say what is wrong with a description: case %#', (more, sentence) => {
    expect(() => clientTexts({ ...defaults, files: [persona], ...more })(1)).toThrow(sentence);
  });
});
