import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partition, type Row } from './partition.ts';
import type { Partition } from './simulation-config.ts';

const rowsOf = (counts: readonly number[]): Row[] =>
  counts.flatMap((count, kind) =>
    Array.from({ length: count }, (_, id) => ({ id: `${kind}-${id}`, kind: `k${kind}` })),
  );
const kindsIn = (rows: readonly Row[]) => new Set(rows.map(({ kind }) => kind)).size;

const arbitraryPartition: fc.Arbitrary<Partition> = fc.oneof(
  fc.record({ by: fc.constant('iid' as const), clients: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ by: fc.constant('field' as const), field: fc.constant('kind') }),
  fc.record({
    by: fc.constant('pathological' as const),
    field: fc.constant('kind'),
    clients: fc.integer({ min: 1, max: 6 }),
    shards: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    by: fc.constant('dirichlet' as const),
    field: fc.constant('kind'),
    clients: fc.integer({ min: 1, max: 6 }),
    alpha: fc.double({ min: 0.05, max: 50, noNaN: true }),
    atLeast: fc.constant(0),
  }),
);

describe('a partition', () => {
  it('gives every row to one client, and the same with the same seed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 5, max: 30 }), { minLength: 4, maxLength: 8 }),
        arbitraryPartition,
        fc.nat(),
        (counts, by, seed) => {
          const rows = rowsOf(counts);
          const parts = partition(rows, by, seed);
          expect(parts.flatMap((part) => part.rows.map(({ id }) => id)).sort()).toEqual(
            rows.map(({ id }) => id).sort(),
          );
          expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length);
          expect(partition(rows, by, seed)).toEqual(parts);
        },
      ),
    );
  });

  it('pathological: two shards a client are two or three kinds, of equal size', () => {
    const parts = partition(
      rowsOf([100, 60, 80, 120, 40]),
      { by: 'pathological', field: 'kind', clients: 10, shards: 2 },
      3,
    );
    expect(parts.map(({ rows }) => rows.length)).toEqual(Array(10).fill(40));
    for (const { rows } of parts) expect(kindsIn(rows)).toBeLessThanOrEqual(3);
  });

  it('dirichlet: is drawn again until every client has enough, and gives up with a sentence', () => {
    const by = { by: 'dirichlet', field: 'kind', clients: 4, alpha: 0.1 } as const;
    const least = (atLeast: number) =>
      Math.min(...partition(rowsOf([100, 100, 100]), { ...by, atLeast }, 3).map(({ rows }) => rows.length));
    expect(least(0)).toBeLessThan(40);
    expect(least(40)).toBeGreaterThanOrEqual(40);
    expect(() => least(76)).toThrow(/data\.partition\.atLeast/);
  });

  it('dirichlet: a small alpha sets clients apart, a large one makes them alike', () => {
    const largestShare = (alpha: number) => {
      const parts = partition(
        rowsOf([200, 200, 200]),
        { by: 'dirichlet', field: 'kind', clients: 4, alpha, atLeast: 1 },
        5,
      );
      const shares = parts.flatMap(({ rows }) =>
        ['k0', 'k1', 'k2'].map((kind) => rows.filter((row) => row.kind === kind).length / 200),
      );
      return Math.max(...shares);
    };
    expect(largestShare(0.05)).toBeGreaterThan(0.8);
    expect(largestShare(1000)).toBeLessThan(0.3);
  });

  it('field: one client a value, called by it', () => {
    expect(partition(rowsOf([3, 5]), { by: 'field', field: 'kind' }, 1)).toMatchObject([
      { name: 'k0' },
      { name: 'k1' },
    ]);
  });

  it('field: one client a value that is named, in this order', () => {
    const by = (values: string[]): Partition => ({ by: 'field', field: 'kind', values });
    const parts = partition(rowsOf([3, 5, 7]), by(['k2', 'k0']), 1);
    expect(parts.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['k2', 7],
      ['k0', 3],
    ]);
    expect(() => partition(rowsOf([3, 5]), by(['k9']), 1)).toThrow('no row has the kind "k9"; there are k0, k1.');
  });

  it('says which field a row lacks', () => {
    expect(() => partition([{ a: 1 }], { by: 'field', field: 'category' }, 1)).toThrow('no "category"; it has a');
  });
});
