import { PROJECTIONS, type Projection } from '@perfit/protocol/space';
import type * as tf from '@tensorflow/tfjs-core';
import type { PackedLinear } from '../../ops/packed-linear/packed-linear.ts';
import type { Precision } from '../../ops/packed-matrix/formats.ts';
import type { PackedMatrix } from '../../ops/packed-matrix/packed-matrix.ts';

/** Projections of the same input: one product computes them all. */
export const GROUPS = {
  qkv: ['q_proj', 'k_proj', 'v_proj'],
  o: ['o_proj'],
  gateUp: ['gate_proj', 'up_proj'],
  down: ['down_proj'],
} as const satisfies Record<string, readonly Projection[]>;

export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

/** The group of each projection. */
export const GROUP_OF = Object.fromEntries(
  PROJECTIONS.map((projection) => [
    projection,
    GROUP_NAMES.find((group) => (GROUPS[group] as readonly Projection[]).includes(projection)),
  ]),
) as Record<Projection, Group>;

/** The frozen tensors of one transformer block. */
export type PackedBlock = Readonly<Record<Group, PackedLinear>> & {
  /** [D] */
  readonly attentionNorm: tf.Tensor1D;
  /** [d] each, where the model has them. */
  readonly queryNorm: tf.Tensor1D | null;
  readonly keyNorm: tf.Tensor1D | null;
  /** [D] */
  readonly feedForwardNorm: tf.Tensor1D;
};

export interface PackedWeights {
  readonly precision: Precision;
  /** Whether every value is the file's. */
  readonly isExact: boolean;
  /** [V, D] */
  readonly embedding: PackedMatrix;
  readonly blocks: readonly PackedBlock[];
  /** [D] */
  readonly finalNorm: tf.Tensor1D;
  /** [V, D]; the embedding itself where the head is tied. */
  readonly head: PackedMatrix;
}

export function disposeWeights({ embedding, blocks, finalNorm, head }: PackedWeights): void {
  embedding.dispose();
  if (head !== embedding) head.dispose();
  finalNorm.dispose();
  for (const block of blocks) {
    for (const group of GROUP_NAMES) {
      block[group].weight.dispose();
      block[group].bias?.dispose();
    }
    for (const norm of [block.attentionNorm, block.queryNorm, block.keyNorm, block.feedForwardNorm]) norm?.dispose();
  }
}
