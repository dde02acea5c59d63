import { PROJECTIONS, projectionWidths } from '@perfit/protocol/space';
import { dimensions, type ModelConfig } from '../model/config.ts';

export interface WorkShape {
  /** N */
  readonly adapterSize: number;
  /** T */
  readonly length: number;
  /** Blocks are computed again in the backward pass. */
  readonly checkpointing: boolean;
  /** Share of the positions that carry loss; the head computes no others. All where absent. */
  readonly labelled?: number;
}

/** Operations, a multiplication and an addition counted as two. */
export interface WorkPerToken {
  /** To measure a perplexity. */
  readonly forward: number;
  /** To tune: forward pass, gradient, and what is computed again. */
  readonly step: number;
}

/**
 * What a token costs. With P the weights that it is multiplied with (every projection, and the head; an embedding is only
 * looked up) and a·T = 4·L·H·d·T for its attention to T others, scores and sums:
 *
 *   forward:  2P + 2N + a·T
 *   gradient: 2P + 4N + 2a·T, since frozen weights pass a gradient on and have none of their own
 *   checkpointing: the forward pass of the blocks once more
 *
 * Norms, gating, the softmax and the optimizer are left out: a few parts in a hundred.
 * Source: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, less the gradient of the weights.
 */
export function workPerToken(config: ModelConfig, shape: WorkShape): WorkPerToken {
  const { adapterSize, length, checkpointing, labelled = 1 } = shape;
  const { layers, heads, headWidth, width, vocabSize } = config;
  const block = PROJECTIONS.reduce((sum, projection) => {
    const { inWidth, outWidth } = projectionWidths(dimensions(config), projection);
    return sum + inWidth * outWidth;
  }, 0);
  const head = labelled * width * vocabSize;
  const weights = layers * block + head;
  const attention = 4 * layers * heads * headWidth * length;
  const forward = 2 * weights + 2 * adapterSize + attention;
  const gradient = 2 * weights + 4 * adapterSize + 2 * attention;
  return { forward, step: forward + gradient + (checkpointing ? forward - 2 * head : 0) };
}
