import { gaussian, type Random, seededRandom, shuffled } from '@perfit/protocol/space';
import { UsageError } from '../explain.ts';
import type { Partition } from './simulation-config.ts';

export type Row = Readonly<Record<string, unknown>>;

const MAX_DRAWS = 10_000;

export interface ClientRows {
  readonly name: string;
  readonly rows: readonly Row[];
}

/**
 * Deals a corpus out to clients. Every row goes to one client, and the same seed deals the same.
 * @throws UsageError where the corpus does not fit the partition
 */
export function partition(rows: readonly Row[], by: Partition, seed: number): ClientRows[] {
  const random = seededRandom(seed);
  switch (by.by) {
    case 'iid':
      return named(evenParts(shuffled(rows, random), by.clients));
    case 'field':
      return chosen(groups(rows, by.field), by);
    case 'pathological':
      return named(shardsOf(shuffled(rows, random), by, random));
    case 'dirichlet':
      return named(fairDirichletParts(shuffled(rows, random), by, random));
  }
}

/** @throws UsageError for a value that no row has */
function chosen(
  found: ReadonlyMap<string, readonly Row[]>,
  { field, values = [...found.keys()] }: Extract<Partition, { by: 'field' }>,
): ClientRows[] {
  return values.map((name) => {
    const rows = found.get(name);
    if (rows) return { name, rows };
    const known = [...found.keys()].join(', ');
    throw new UsageError(`data.partition.values: no row has the ${field} "${name}"; there are ${known}.`);
  });
}

/**
 * Sorted by the field, cut into clients·shards parts of one size, dealt by lot: with two shards a client has rows of two or
 * three values. Source: McMahan et al. 2017 (arXiv 1602.05629), section 3, as FederatedGPT-Shepherd does it.
 */
function shardsOf(
  rows: readonly Row[],
  { field, clients, shards }: Extract<Partition, { by: 'pathological' }>,
  random: Random,
): Row[][] {
  if (rows.length < clients * shards) {
    throw new UsageError(`data.partition: ${rows.length} rows are too few for ${clients} clients of ${shards} shards.`);
  }
  const sorted = [...groups(rows, field).values()].flat();
  const dealt = shuffled(evenParts(sorted, clients * shards), random);
  return Array.from({ length: clients }, (_, i) => dealt.slice(i * shards, (i + 1) * shards).flat());
}

/**
 * Drawn again until every client has `atLeast` rows, as benchmarks of federated learning do where α is small.
 * Source: Li et al. 2022 (arXiv 2102.02079), whose code asks for ten.
 */
function fairDirichletParts(
  rows: readonly Row[],
  by: Extract<Partition, { by: 'dirichlet' }>,
  random: Random,
): Row[][] {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const parts = dirichletParts(rows, by, random);
    if (parts.every((part) => part.length >= by.atLeast)) return parts;
  }
  throw new UsageError(
    `data.partition.atLeast: in ${MAX_DRAWS} draws never had each of ${by.clients} clients ${by.atLeast} of ${rows.length} rows.`,
  );
}

/** Each value's rows are cut at the client's cumulated shares of a draw from Dirichlet(α). */
function dirichletParts(
  rows: readonly Row[],
  { field, clients, alpha }: Extract<Partition, { by: 'dirichlet' }>,
  random: Random,
): Row[][] {
  const parts: Row[][] = Array.from({ length: clients }, () => []);
  for (const own of groups(rows, field).values()) {
    const draws = parts.map(() => gamma(alpha, random));
    const sum = draws.reduce((total, draw) => total + draw, 0);
    let share = 0;
    let from = 0;
    parts.forEach((part, i) => {
      share += (draws[i] as number) / sum;
      const end = i === clients - 1 ? own.length : Math.round(share * own.length);
      part.push(...own.slice(from, end));
      from = Math.max(from, end);
    });
  }
  return parts;
}

/** Gamma(α, 1). Source: Marsaglia & Tsang 2000; below 1 with their boost u^(1/α). */
function gamma(alpha: number, random: Random): number {
  if (alpha < 1) return gamma(alpha + 1, random) * (1 - random()) ** (1 / alpha);
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = gaussian(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** By the field's value, in the values' alphabetical order. */
function groups(rows: readonly Row[], field: string): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const value = row[field];
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new UsageError(`data.partition.field: a row has no "${field}"; it has ${Object.keys(row).join(', ')}.`);
    }
    const own = found.get(String(value));
    if (own) own.push(row);
    else found.set(String(value), [row]);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function evenParts<T>(items: readonly T[], parts: number): T[][] {
  const cut = (i: number) => Math.floor((i * items.length) / parts);
  return Array.from({ length: parts }, (_, i) => items.slice(cut(i), cut(i + 1)));
}

function named(parts: readonly (readonly Row[])[]): ClientRows[] {
  return parts.map((rows, i) => ({ name: `client-${i + 1}`, rows }));
}
