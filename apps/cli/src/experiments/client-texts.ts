import { createHash } from 'node:crypto';
import { basename, extname } from 'node:path';
import {
  DataError,
  type Example,
  parseDataset,
  type TokenizedExample,
  type Tokenizer,
  tokenizeExamples,
} from '@perfit/core';
import { type Random, seededRandom, shuffled } from '@perfit/protocol/space';
import { UsageError } from '../explain.ts';
import { readDataset } from '../local-text.ts';
import { readRows, rowsWhere } from './corpus-rows.ts';
import { partition, type Row } from './partition.ts';
import type { DescribedClient, SimulationConfig } from './simulation-config.ts';

/** What one client has, for one seed. */
export interface ClientText {
  readonly name: string;
  readonly training: readonly Example[];
  readonly heldOut: readonly Example[];
  /** Neither trained on nor reported; mostly none. */
  readonly validation: readonly Example[];
}

export interface TokenizedText {
  readonly name: string;
  readonly training: readonly TokenizedExample[];
  readonly heldOut: readonly TokenizedExample[];
  readonly validation: readonly TokenizedExample[];
}

type Data = SimulationConfig['data'];

/**
 * The clients' texts by seed: the seed deals out a corpus, and says which rows of a client are held out (PF8).
 * @throws UsageError where a file cannot be read, a client has too few rows, or two have one name
 */
export function clientTexts(data: Data): (seed: number) => ClientText[] {
  const given = ownFiles(data.files ?? []);
  const described = describedClients(data.clients ?? [], data);
  const dealt = data.corpus ? corpusParts(data) : () => [];
  return (seed) => {
    const parts = [...given, ...described.flatMap((of) => of(seed)), ...dealt(seed)];
    assertHasOwnNames(parts);
    return parts.map((part) => split(part, data, seed));
  };
}

export function tokenized(text: ClientText, tokenizer: Tokenizer, maxLength: number): TokenizedText {
  const rows = (examples: readonly Example[]) => tokenizeExamples(examples, tokenizer, { maxLength }).examples;
  const { name, training, heldOut, validation } = text;
  return { name, training: rows(training), heldOut: rows(heldOut), validation: rows(validation) };
}

/** Names all that clients train and are evaluated on. */
export function fingerprintOf(texts: readonly ClientText[]): string {
  // Without rows to validate on it is what it was before there were any: finished cells stay in their journals.
  const parts = texts.map(({ validation, ...text }) => (validation.length > 0 ? { ...text, validation } : text));
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

interface Part {
  readonly name: string;
  readonly examples: readonly Example[];
  /** Where several clients share them; else they are the client's own. */
  readonly heldOut?: readonly Example[];
}

function ownFiles(files: readonly string[]): Part[] {
  const names = files.map((file) => basename(file, extname(file)).slice(0, 56));
  return files.map((file, i) => {
    const name = names[i] as string;
    const isTaken = names.indexOf(name) < i;
    return { name: isTaken ? `${name}-${i + 1}` : name, examples: usable(() => readDataset(file), file) };
  });
}

function describedClients(clients: readonly DescribedClient[], { heldOut }: Data): ((seed: number) => Part[])[] {
  const rowsOf = new Map<string, Row[]>();
  return clients.map(({ name, files, where, dealtTo = 1 }, i) => {
    const asked = `data.clients.${i}`;
    for (const file of files) if (!rowsOf.has(file)) rowsOf.set(file, readRows(file, `${asked}.files`));
    const rows = files.flatMap((file) => rowsOf.get(file) as Row[]);
    const part = { name, examples: examplesOf(name, rowsWhere(rows, where, asked), 'as data.clients describes it') };
    return dealtTo === 1 ? () => [part] : (seed) => dealOut(part, { to: dealtTo, heldOut, seed });
  });
}

/** Texts that are alike: each client has rows of its own, and all are evaluated on the same. */
function dealOut(
  { name, examples }: Part,
  { to, heldOut, seed }: { to: number; heldOut: number; seed: number },
): Part[] {
  const order = shuffled(examples, randomOf(seed, name));
  const rest = order.slice(heldOut);
  return Array.from({ length: to }, (_, i) => ({
    name: `${name.slice(0, 55)}-${i + 1}`,
    examples: rest.filter((_, row) => row % to === i),
    heldOut: order.slice(0, heldOut),
  }));
}

/** Mixed with the name, so that clients of one length are not split alike. */
function randomOf(seed: number, name: string): Random {
  return seededRandom(createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE());
}

function corpusParts({ corpus = [], partition: by }: Data): (seed: number) => Part[] {
  const rows = corpus.flatMap((file) => readRows(file, 'data.corpus'));
  if (!by) throw new UsageError('data.partition: a corpus must be dealt out.');
  return (seed) =>
    partition(rows, by, seed).map(({ name, rows: own }) => ({
      name: name.slice(0, 60),
      examples: examplesOf(name, own, 'as data.partition deals out the corpus'),
    }));
}

function examplesOf(name: string, rows: readonly Row[], how: string): readonly Example[] {
  const lines = rows.map((row) => JSON.stringify(row)).join('\n');
  return usable(() => parseDataset(`${name}.jsonl`, lines), `${name}, ${how}`);
}

function assertHasOwnNames(parts: readonly Part[]): void {
  const names = parts.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new UsageError(`data: two clients are called ${twice}; data.clients can name them.`);
}

function usable(read: () => { examples: readonly Example[] }, what: string): readonly Example[] {
  try {
    return read().examples;
  } catch (error) {
    if (error instanceof DataError) throw new UsageError(`data: ${what}: ${error.message}`);
    throw error;
  }
}

/** The validation rows are the last of the order: with or without them, the same rows are held out. */
function split({ name, examples, heldOut: shared }: Part, data: Data, seed: number): ClientText {
  const own = shared ? 0 : data.heldOut;
  assertSuffices(name, { rows: examples.length, heldOut: own }, data);
  const { train = examples.length, validation } = data;
  const order = shuffled(examples, randomOf(seed, name));
  const rest = order.length - validation;
  return {
    name,
    heldOut: shared ?? order.slice(0, own),
    training: order.slice(own, Math.min(own + train, rest)),
    validation: order.slice(rest),
  };
}

function assertSuffices(
  name: string,
  { rows, heldOut }: { rows: number; heldOut: number },
  { train, trainAtLeast, validation }: Data,
): void {
  const wanted = (trainAtLeast ?? train ?? 1) + heldOut + validation;
  if (rows >= wanted) return;
  const others = [...(heldOut > 0 ? ['data.heldOut'] : []), ...(validation > 0 ? ['data.validation'] : [])];
  const asked =
    train === undefined
      ? [...others, 'one to train on']
      : [trainAtLeast === undefined ? 'data.train' : 'data.trainAtLeast', ...others];
  const listed = asked.length === 1 ? asked[0] : `${asked.slice(0, -1).join(', ')} and ${asked.at(-1)}`;
  const ask = asked.length === 1 ? 'asks' : 'ask';
  throw new UsageError(`data: ${name} has ${rows} usable rows; ${listed} ${ask} for ${wanted}.`);
}
