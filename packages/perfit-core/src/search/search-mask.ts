import { type Layout, Mask, type Random, seededRandom } from '@perfit/protocol/space';
import { keepHighest } from './keep-highest.ts';

export interface MaskSearch {
  /** ρ: the share of N to keep. */
  readonly density: number;
  /** K */
  readonly iterations: number;
  readonly score: 'taylor' | 'magnitude' | 'gradient' | 'random';
  readonly scope: 'global' | 'tensor';
  /** Of the random score. */
  readonly seed: number;
  /** Scores are as the client's own text makes them where absent. */
  readonly prior?: OwnershipPrior;
}

/** PF3: where the client's text is nearly indifferent between two positions, the one that others own wins. */
export interface OwnershipPrior {
  /** λ, not negative; 0 changes nothing. */
  readonly weight: number;
  /** o: which share of the last round's submissions owned each position, [N], each in [0, 1]. */
  readonly owners: Float32Array;
}

export interface PruneProgress {
  readonly kind: 'prune';
  /** 1 … K */
  readonly iteration: number;
  readonly iterations: number;
  /** Positions that are left. */
  readonly kept: number;
}

/** After each step of a search: what it needs to go on, to the same mask. */
export interface PruneCheckpoint {
  /** Steps done: 0 … K */
  readonly iteration: number;
  /** What they left. */
  readonly mask: Mask;
}

export type PruneStep = PruneProgress | { readonly kind: 'checkpoint'; readonly checkpoint: PruneCheckpoint };

/** Where a search begins. */
export interface PruneStart {
  /** [N], after the warm-up; left as it is. */
  readonly theta: Float32Array;
  /** Takes up where an interrupted search of the same theta and settings was. */
  readonly checkpoint?: PruneCheckpoint | undefined;
}

/**
 * PF3 (b), the iterative search: step k keeps the top round(ρ^(k/K)·N) of the scores of m ⊙ θ (within each matrix of
 * the layout where the scope is `tensor`), ties to the lower index. What is pruned does not come back. With a prior every
 * score, a random one too, is multiplied by 1 + λ·o before it is ranked: zero stays zero.
 * @param gradientOf ∂L/∂θ [N] at a masked theta, averaged over S batches; asked once a step by scores that need it
 */
export async function* searchMask(
  layout: Layout,
  { theta, checkpoint }: PruneStart,
  gradientOf: (theta: Float32Array) => Promise<Float32Array>,
  search: MaskSearch,
): AsyncGenerator<PruneStep, Mask> {
  const done = checkpoint?.iteration ?? 0;
  const random = randomAfter(search, done * layout.size);
  let mask = checkpoint?.mask ?? Mask.full(layout.size);
  for (let k = done + 1; k <= search.iterations; k++) {
    const masked = mask.apply(theta);
    const own = await scoresOf(search.score, { theta: masked, gradientOf, random });
    const scores = search.prior ? raised(own, search.prior) : own;
    const density = search.density ** (k / search.iterations);
    mask =
      search.scope === 'global'
        ? keepHighest(scores, keptOf(density, layout.size), mask)
        : keepInEach(layout, scores, { mask, density });
    yield { kind: 'prune', iteration: k, iterations: search.iterations, kept: mask.kept };
    yield { kind: 'checkpoint', checkpoint: { iteration: k, mask } };
  }
  return mask;
}

/** The random numbers of a search after those that its earlier steps have drawn, one a position and step. */
export function randomAfter({ score, seed }: MaskSearch, drawn: number): Random {
  const random = seededRandom(seed);
  if (score === 'random') for (let i = 0; i < drawn; i++) random();
  return random;
}

interface ScoreInputs {
  readonly theta: Float32Array;
  readonly gradientOf: (theta: Float32Array) => Promise<Float32Array>;
  readonly random: Random;
}

async function scoresOf(score: MaskSearch['score'], { theta, gradientOf, random }: ScoreInputs): Promise<Float32Array> {
  switch (score) {
    case 'taylor': {
      return productSizes(theta, await gradientOf(theta));
    }
    case 'gradient':
      return (await gradientOf(theta)).map(Math.abs);
    case 'magnitude':
      return theta.map(Math.abs);
    case 'random':
      return theta.map(() => random());
  }
}

/** |θ ⊙ g|, each rounded once. @returns [N], millions: a loop takes a third of what `map` takes */
function productSizes(theta: Float32Array, gradient: Float32Array): Float32Array {
  const sizes = new Float32Array(theta.length);
  for (let p = 0; p < sizes.length; p++) sizes[p] = Math.abs((theta[p] as number) * (gradient[p] as number));
  return sizes;
}

/** s·(1 + λ·o), computed in double precision and rounded once. @returns [N] */
export function raised(scores: Float32Array, { weight, owners }: OwnershipPrior): Float32Array {
  return scores.map((score, p) => score * (1 + weight * (owners[p] as number)));
}

/** The scope `tensor`: each matrix ranks its own scores and keeps round(ρ_k · its size). */
function keepInEach(layout: Layout, scores: Float32Array, at: { mask: Mask; density: number }): Mask {
  const kept = layout.tensors.map(({ offset, size }) => {
    const candidates = Mask.from(size, (p) => at.mask.has(offset + p));
    return { offset, mask: keepHighest(scores.subarray(offset, offset + size), keptOf(at.density, size), candidates) };
  });
  let tensor = 0;
  return Mask.from(layout.size, (p) => {
    while (p >= (layout.tensors[tensor]?.offset as number) + (layout.tensors[tensor]?.size as number)) tensor++;
    const { offset, mask } = kept[tensor] as (typeof kept)[number];
    return mask.has(p - offset);
  });
}

/** How many of so many positions a step keeps. */
export function keptOf(density: number, size: number): number {
  return Math.round(density * size);
}
