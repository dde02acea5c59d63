import { buildLayout, Mask, PROJECTIONS, seededRandom } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { type MaskSearch, type PruneProgress, type PruneStart, searchMask } from './search-mask.ts';

const dimensions = { layers: 2, width: 8, queryWidth: 8, keyValueWidth: 4, feedForwardWidth: 12 };
const layout = buildLayout(dimensions, { rank: 2, alpha: 4, targets: PROJECTIONS });
const random = seededRandom(5);
const theta = Float32Array.from({ length: layout.size }, () => random() - 0.5);
const gradients = Float32Array.from({ length: layout.size }, () => random() - 0.5);
const plain: MaskSearch = { density: 0.5, iterations: 3, score: 'taylor', scope: 'global', seed: 1 };

async function run(
  search: Partial<MaskSearch>,
  gradientOf = async (_: Float32Array) => gradients,
  checkpoint?: PruneStart['checkpoint'],
) {
  const generator = searchMask(layout, { theta, checkpoint }, gradientOf, { ...plain, ...search });
  const progress: PruneProgress[] = [];
  const saved: PruneStart['checkpoint'][] = [];
  for (;;) {
    const next = await generator.next();
    if (next.done) return { mask: next.value, progress, saved };
    if (next.value.kind === 'checkpoint') saved.push(next.value.checkpoint);
    else progress.push(next.value);
  }
}

describe('[PF3] searchMask', () => {
  it('keeps round(ρ^(k/K)·N) at step k', async () => {
    const { mask, progress } = await run({ density: 0.3, iterations: 4 });
    expect(progress.map(({ kept }) => kept)).toEqual([1, 2, 3, 4].map((k) => Math.round(0.3 ** (k / 4) * layout.size)));
    expect(mask.kept).toBe(Math.round(0.3 * layout.size));
  });

  it('asks for the gradient anew at the theta that the mask leaves', async () => {
    const asked: Float32Array[] = [];
    const { progress } = await run({}, async (masked) => {
      asked.push(masked.slice());
      return gradients;
    });
    expect(asked.length).toBe(3);
    expect(asked[0]).toEqual(theta);
    asked.slice(1).forEach((masked, k) => {
      expect(masked.filter((value) => value !== 0).length).toBe(progress[k]?.kept);
    });
  });

  it.each([
    ['taylor', (p: number) => Math.abs((theta[p] as number) * (gradients[p] as number))],
    ['magnitude', (p: number) => Math.abs(theta[p] as number)],
    ['gradient', (p: number) => Math.abs(gradients[p] as number)],
  ] as const)('ranks by the score %s', async (score, scoreOf) => {
    const { mask } = await run({ score, iterations: 1 });
    const order = Array.from(theta.keys()).sort((a, b) => scoreOf(b) - scoreOf(a) || a - b);
    expect(mask.equals(maskOf(order.slice(0, Math.round(layout.size / 2))))).toBe(true);
  });

  it.each(['taylor', 'magnitude', 'gradient', 'random'] as const)(
    'goes on after any step to the same mask by the score %s',
    async (score) => {
      for (const scope of ['global', 'tensor'] as const) {
        const search = { score, scope, iterations: 4, density: 0.2 };
        const { mask, saved } = await run(search);
        expect(saved.map((checkpoint) => checkpoint?.iteration)).toEqual([1, 2, 3, 4]);
        for (const checkpoint of saved) {
          const resumed = await run(search, undefined, checkpoint);
          expect(resumed.mask.equals(mask)).toBe(true);
          expect(resumed.progress.length).toBe(4 - (checkpoint?.iteration ?? 0));
        }
      }
    },
  );

  it('draws a random mask from its seed', async () => {
    const first = await run({ score: 'random' });
    const again = await run({ score: 'random' });
    const other = await run({ score: 'random', seed: 2 });
    expect(first.mask.equals(again.mask)).toBe(true);
    expect(first.mask.equals(other.mask)).toBe(false);
    expect(first.mask.kept).toBe(Math.round(layout.size / 2));
  });

  it.each(['taylor', 'magnitude', 'gradient', 'random'] as const)(
    'multiplies the score %s by 1 + λ·o: a great λ follows the owners, and 0 changes nothing',
    async (score) => {
      const owners = Float32Array.from({ length: layout.size }, (_, p) => (p % 4 === 1 ? 1 : 0));
      const most = Math.round(layout.size / 4);
      const raised = await run({ score, density: 0.25, prior: { weight: 1e9, owners } });
      expect(raised.mask.equals(maskOf(positionsOf(owners).slice(0, most)))).toBe(true);
      const without = await run({ score });
      expect((await run({ score, prior: { weight: 0, owners } })).mask.equals(without.mask)).toBe(true);
      const nobody = new Float32Array(layout.size);
      expect((await run({ score, prior: { weight: 5, owners: nobody } })).mask.equals(without.mask)).toBe(true);
    },
  );

  it('weighs what a client needs against what others own, and breaks ties by the lower index', async () => {
    const scores = Float32Array.of(4, 2, 3, 1, 2, 0);
    const owners = Float32Array.of(0, 0.5, 0, 1, 0, 1);
    const small = buildLayout(
      { ...dimensions, layers: 1, width: 2, queryWidth: 1 },
      { rank: 2, alpha: 1, targets: ['q_proj'] },
    );
    const prior = { weight: 2, owners };
    // Raised: 4, 4, 3, 3, 2 and 0: of the two threes the first is kept, and nobody needs the last one.
    const kept = async (density: number) => {
      const search = searchMask(small, { theta: scores }, async () => scores, {
        ...plain,
        score: 'magnitude',
        iterations: 1,
        density,
        prior,
      });
      for (;;) {
        const next = await search.next();
        if (next.done) return Array.from(next.value.positions());
      }
    };
    expect(await kept(3 / 6)).toEqual([0, 1, 2]);
    expect(await kept(4 / 6)).toEqual([0, 1, 2, 3]);
    expect(await kept(5 / 6)).toEqual([0, 1, 2, 3, 4]);
  });

  it('does not take back what it pruned', async () => {
    let call = 0;
    const first = await run({ score: 'gradient', iterations: 1, density: 0.5 ** (1 / 2) });
    const both = await run({ score: 'gradient', iterations: 2 }, async () =>
      call++ === 0 ? gradients : gradients.map((slope) => 1 / slope),
    );
    expect(both.mask.intersection(first.mask).equals(both.mask)).toBe(true);
  });

  it('ranks within each matrix where the scope is `tensor`', async () => {
    const { mask } = await run({ scope: 'tensor', density: 0.3 });
    for (const { offset, size } of layout.tensors) {
      const kept = Array.from({ length: size }, (_, i) => mask.has(offset + i)).filter(Boolean).length;
      expect(kept).toBe(Math.round(0.3 * size));
    }
  });
});

function positionsOf(owners: Float32Array): number[] {
  return Array.from(owners.keys()).filter((p) => owners[p] === 1);
}

function maskOf(positions: readonly number[]): Mask {
  const kept = new Set(positions);
  return Mask.from(layout.size, (p) => kept.has(p));
}
