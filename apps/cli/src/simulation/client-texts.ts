import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import {
  DataError,
  type Example,
  parseDataset,
  type TokenizedExample,
  type Tokenizer,
  tokenizeExamples,
} from '@perfit/core';
import { seededRandom, shuffled } from '@perfit/protocol/space';
import { UsageError } from '../explain.ts';
import { readDataset } from '../local-model.ts';
import { partition, type Row } from './partition.ts';
import type { SimulationConfig } from './simulation-config.ts';

/** What one client has, for one seed. */
export interface ClientText {
  readonly name: string;
  readonly training: readonly Example[];
  readonly heldOut: readonly Example[];
}

export interface TokenizedText {
  readonly name: string;
  readonly training: readonly TokenizedExample[];
  readonly heldOut: readonly TokenizedExample[];
}

type Data = SimulationConfig['data'];

/**
 * The clients' texts by seed: the seed deals out a corpus, and says which rows of a client are held out (PF8).
 * @throws UsageError where a file cannot be read or a client has too few rows
 */
export function clientTexts(data: Data): (seed: number) => ClientText[] {
  const parts = data.files ? ownFiles(data.files) : corpusParts(data);
  return (seed) => parts(seed).map(({ name, examples }) => split({ name, examples }, data, seed));
}

export function tokenized(text: ClientText, tokenizer: Tokenizer, maxLength: number): TokenizedText {
  const rows = (examples: readonly Example[]) => tokenizeExamples(examples, tokenizer, { maxLength }).examples;
  return { name: text.name, training: rows(text.training), heldOut: rows(text.heldOut) };
}

/** Names all that clients train and are evaluated on. */
export function fingerprintOf(texts: readonly ClientText[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

interface Part {
  readonly name: string;
  readonly examples: readonly Example[];
}

function ownFiles(files: readonly string[]): (seed: number) => Part[] {
  const names = files.map((file) => basename(file, extname(file)).slice(0, 56));
  const parts = files.map((file, i) => {
    const name = names[i] as string;
    const isTaken = names.indexOf(name) < i;
    return { name: isTaken ? `${name}-${i + 1}` : name, examples: usable(() => readDataset(file), file) };
  });
  return () => parts;
}

function corpusParts({ corpus = [], partition: by }: Data): (seed: number) => Part[] {
  const rows = corpus.flatMap(readRows);
  if (!by) throw new UsageError('data.partition: a corpus must be dealt out.');
  return (seed) =>
    partition(rows, by, seed).map(({ name, rows: own }) => ({
      name: name.slice(0, 60),
      examples: usable(
        () => parseDataset(`${name}.jsonl`, own.map((row) => JSON.stringify(row)).join('\n')),
        `${name}, as data.partition deals out the corpus`,
      ),
    }));
}

/** Rows with all their fields: a partition looks at some that no example has. */
function readRows(file: string): Row[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`data.corpus: there is no file ${file} that can be read.`);
  }
  try {
    const values: unknown = text.trimStart().startsWith('[')
      ? JSON.parse(text)
      : text
          .split('\n')
          .filter((line) => line.trim())
          .map((line) => JSON.parse(line));
    const rows = Array.isArray(values) ? values : [];
    if (rows.every((row): row is Row => typeof row === 'object' && row !== null && !Array.isArray(row))) return rows;
  } catch {
    // said below
  }
  throw new UsageError(`data.corpus: ${file} is neither JSONL nor a JSON list of objects.`);
}

function usable(read: () => { examples: readonly Example[] }, what: string): readonly Example[] {
  try {
    return read().examples;
  } catch (error) {
    if (error instanceof DataError) throw new UsageError(`data: ${what}: ${error.message}`);
    throw error;
  }
}

function split({ name, examples }: Part, { train, heldOut }: Data, seed: number): ClientText {
  const wanted = heldOut + (train ?? 1);
  if (examples.length < wanted) {
    const asked = train === undefined ? 'data.heldOut and one to train on' : 'data.train and data.heldOut';
    throw new UsageError(`data: ${name} has ${examples.length} usable rows; ${asked} ask for ${wanted}.`);
  }
  // Mixed with the name, so that clients of one length are not split alike.
  const random = seededRandom(createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE());
  const order = shuffled(examples, random);
  const end = train === undefined ? order.length : heldOut + train;
  return { name, heldOut: order.slice(0, heldOut), training: order.slice(heldOut, end) };
}
