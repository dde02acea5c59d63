import type { Layout, Projection } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { LoraPair } from '../ops/lora-linear/lora-linear.ts';

/**
 * An adapter on the backend: theta cut into its LoRA matrices, in layout order. Gradients are taken with respect to
 * these, never through a slice of theta, whose gradient would be N numbers wide for every matrix.
 * It owns the matrices until {@link AdapterTensors.dispose}.
 */
export class AdapterTensors {
  readonly layout: Layout;
  /** α/R */
  readonly scale: number;
  readonly matrices: readonly tf.Tensor2D[];
  readonly #pairs = new Map<string, LoraPair>();

  /** Takes the matrices over. @param matrices one for each of the layout's tensors */
  constructor(layout: Layout, matrices: readonly tf.Tensor2D[]) {
    this.layout = layout;
    this.scale = layout.alpha / layout.rank;
    this.matrices = matrices;
    for (let i = 0; i < layout.tensors.length; i += 2) {
      const module = layout.tensors[i]?.module as string;
      this.#pairs.set(module, { a: matrices[i] as tf.Tensor2D, b: matrices[i + 1] as tf.Tensor2D });
    }
  }

  /** @param theta [N], left as it is */
  static fromTheta(layout: Layout, theta: Float32Array | tf.Tensor1D): AdapterTensors {
    // tfjs' slice on WASM reads all of its input; there theta is in reach of the host anyway.
    const values = theta instanceof tf.Tensor && tf.getBackend() === 'wasm' ? theta.dataSync<'float32'>() : theta;
    const cut = ({ offset, size, rows, columns }: Layout['tensors'][number]): tf.Tensor2D =>
      values instanceof tf.Tensor
        ? tf.tidy(() => tf.reshape(tf.slice(values, offset, size), [rows, columns]))
        : tf.tensor2d(values.subarray(offset, offset + size), [rows, columns]);
    return new AdapterTensors(layout, layout.tensors.map(cut));
  }

  pair(layer: number, projection: Projection): LoraPair | null {
    return this.#pairs.get(`layers.${layer}.${projection}`) ?? null;
  }

  dispose(): void {
    tf.dispose(this.matrices as tf.Tensor2D[]);
  }
}
