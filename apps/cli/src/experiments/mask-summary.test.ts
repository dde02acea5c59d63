import { buildLayout, Mask } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { overlapOf, summarizeMasks } from './mask-summary.ts';

const dimensions = { layers: 2, width: 2, queryWidth: 2, keyValueWidth: 2, feedForwardWidth: 3 };
/** Four tensors of two positions each: A and B of layer 0, then of layer 1. */
const layout = buildLayout(dimensions, { rank: 1, alpha: 1, targets: ['q_proj'] });
const maskOf = (...positions: number[]) => Mask.from(layout.size, (p) => positions.includes(p));

describe('the summary of masks', () => {
  it('has the share of the smaller mask that the other owns too', () => {
    expect(overlapOf(maskOf(0, 1, 2, 3), maskOf(2, 3, 4, 5))).toBe(0.5);
    expect(overlapOf(maskOf(0, 1, 2, 3), maskOf(3))).toBe(1);
    expect(overlapOf(maskOf(0), maskOf(1))).toBe(0);
    expect(overlapOf(maskOf(), maskOf(1))).toBe(1);
  });

  it('has the density of every matrix, with its spread over clients', () => {
    const summary = summarizeMasks(
      [
        { client: 'Ada', mask: maskOf(0, 1, 2, 7) },
        { client: 'Bo', mask: maskOf(1, 2, 3, 6, 7) },
      ],
      layout,
    );
    expect(summary.clients).toEqual(['Ada', 'Bo']);
    expect(summary.densities).toEqual([0.5, 0.625]);
    expect(summary.overlap).toEqual([
      [1, 0.75],
      [0.75, 1],
    ]);
    // Ada owns 2, 1, 0, 1 of two positions, Bo 1, 2, 0, 2.
    expect(summary.density).toEqual([
      { layer: 0, projection: 'q_proj', matrix: 'A', mean: 0.75, standardDeviation: 0.35355 },
      { layer: 0, projection: 'q_proj', matrix: 'B', mean: 0.75, standardDeviation: 0.35355 },
      { layer: 1, projection: 'q_proj', matrix: 'A', mean: 0, standardDeviation: 0 },
      { layer: 1, projection: 'q_proj', matrix: 'B', mean: 0.75, standardDeviation: 0.35355 },
    ]);
  });

  it('knows no spread of a single client', () => {
    const { density } = summarizeMasks([{ client: 'Ada', mask: Mask.full(layout.size) }], layout);
    for (const one of density) expect(one).toMatchObject({ mean: 1, standardDeviation: null });
  });
});
