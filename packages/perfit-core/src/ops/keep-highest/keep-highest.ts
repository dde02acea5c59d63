import * as tf from '@tensorflow/tfjs-core';
import { WgslRunner } from '../../wgsl/runner.ts';
import { striding } from '../../wgsl/workgroups.ts';
import { positionsOfWord } from '../mask-bits/mask-bits.ts';
import {
  digitPrograms,
  markProgram,
  maxBins,
  noneInvalid,
  positionsOfBlock,
  settleProgram,
  startState,
} from './programs.ts';

/** Positions that are ranked among themselves. */
export interface RankedSegment {
  readonly offset: number;
  readonly size: number;
  /** How many of them are in the mask. */
  readonly candidates: number;
  /** How many of those to keep. */
  readonly count: number;
}

/** Each workgroup adds a whole histogram to the common one: so these are few. */
const maxCounting = 512;

/**
 * What `search/keep-highest.ts` does, on WebGPU: the mask keeps the `count` highest scores of each segment's candidates,
 * ties to the lower index. Exact: a radix select over the scores' bits finds the last score kept, a pass over the scores
 * marks what is above it, and ties are counted through by position. Three numbers come back to the host.
 * @param scores [N]   @param mask int32 [⌈N/32⌉], bits, narrowed in place   @param segments none shares a position
 * @throws RangeError where a candidate's score is negative or not finite (the mask is lost then), or where there are
 *   fewer candidates than `count`. A segment that keeps all or none looks at no score.
 */
export async function keepHighestOnDevice(
  scores: tf.Tensor1D,
  mask: tf.Tensor1D,
  segments: readonly RankedSegment[],
): Promise<void> {
  const ranked = segments.filter(({ candidates, count }) => {
    if (count < 0 || count > candidates) throw new RangeError(`${count} of ${candidates} candidates cannot be kept`);
    return count < candidates;
  });
  if (ranked.length === 0) return;
  const scratch = makeScratch(mask, ranked);
  try {
    for (const segment of ranked) narrow(scores, mask, { segment, scratch });
    const invalid = (await scratch.state.data())[2] as number;
    if (invalid === noneInvalid) return;
    const position = invalid >>> 0;
    throw new RangeError(
      `the score at ${position} is ${await numberAt(scores, position)}: scores must be finite and not negative`,
    );
  } finally {
    tf.dispose(Object.values(scratch));
  }
}

interface Scratch {
  readonly state: tf.Tensor1D;
  /** [2048] */
  readonly counts: tf.Tensor1D;
  /** [⌈N/32⌉], bits */
  readonly ties: tf.Tensor1D;
  /** One number a block. */
  readonly blockTies: tf.Tensor1D;
}

function makeScratch(mask: tf.Tensor1D, segments: readonly RankedSegment[]): Scratch {
  const runner = WgslRunner.current();
  return {
    state: tf.tensor1d(startState, 'int32'),
    counts: tf.tensor1d(new Int32Array(maxBins), 'int32'),
    ties: runner.empty([mask.size], 'int32'),
    blockTies: runner.empty([Math.max(...segments.map(blocksOf))], 'int32'),
  };
}

function narrow(scores: tf.Tensor1D, mask: tf.Tensor1D, at: { segment: RankedSegment; scratch: Scratch }): void {
  const runner = WgslRunner.current();
  const { state, counts, ties, blockTies } = at.scratch;
  const { offset, size, count } = at.segment;
  const uniforms = { offset, size, count };
  const blocks = [blocksOf(at.segment)] as const;
  if (count > 0) {
    for (const programs of digitPrograms) {
      const workgroups = striding(runner, size, maxCounting);
      runner.run(programs.count, { tensors: [scores, mask, state, counts], uniforms, workgroups });
      runner.run(programs.pick, { tensors: [state, counts], uniforms, workgroups: [1] });
    }
  }
  runner.run(markProgram, { tensors: [scores, mask, state, ties, blockTies], uniforms, workgroups: blocks });
  if (count > 0) runner.run(settleProgram, { tensors: [mask, state, ties, blockTies], uniforms, workgroups: blocks });
}

/** Blocks begin at the segment's first word. */
function blocksOf({ offset, size }: RankedSegment): number {
  return Math.ceil(((offset % positionsOfWord) + size) / positionsOfBlock);
}

async function numberAt(values: tf.Tensor1D, position: number): Promise<number> {
  const one = tf.slice(values, position, 1);
  const [value] = await one.data();
  one.dispose();
  return value as number;
}
