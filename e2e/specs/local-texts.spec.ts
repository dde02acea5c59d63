import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { localTexts } from '../demo/local-texts.ts';

let folder = '';
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perfit-texts-'));
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).n as number);

function source(name: string, rows: number): string {
  mkdirSync(join(folder, 'in'), { recursive: true });
  const file = join(folder, 'in', name);
  const objects = Array.from({ length: rows }, (_, n) => ({ n }));
  writeFileSync(
    file,
    name.endsWith('.json') ? JSON.stringify(objects) : objects.map((row) => JSON.stringify(row)).join('\n'),
  );
  return file;
}

test('clients of one file share its rows out, none twice, each at most what was asked for', () => {
  const files = [source('a.jsonl', 30), source('b.json', 9)];
  const texts = localTexts(files, { clients: 3, examples: 10, folder: join(folder, 'out') });
  expect(texts.map(({ name, rows }) => [name, rows])).toEqual([
    ['a 1', { used: 10, of: 15 }],
    ['b', { used: 9, of: 9 }],
    ['a 2', { used: 10, of: 15 }],
  ]);
  const [first, , second] = texts.map(({ file }) => rowsOf(file)) as [number[], number[], number[]];
  expect(first.filter((row) => second.includes(row))).toEqual([]);
  // Spread over the file, not its beginning.
  expect(Math.max(...first)).toBeGreaterThan(20);
});

test('a file that is not made of rows goes to its client whole, and a folder is its texts', () => {
  for (const name of ['a.jsonl', 'b.json']) source(name, 9);
  const plain = join(folder, 'in', 'c.txt');
  writeFileSync(plain, 'Some words.\n');
  writeFileSync(join(folder, 'in', 'README.md'), 'not a text of anybody');
  const texts = localTexts([join(folder, 'in')], { clients: 3, examples: 10, folder: join(folder, 'out') });
  expect(texts.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(texts[2]).toEqual({ name: 'c', file: plain, rows: null });
});
