import type { Layout, Projection } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { LoraPair } from '../ops/lora-linear/lora-linear.ts';

/**
 * An adapter on the backend: theta packed, as our WGSL programs read it, or cut into its LoRA matrices, in layout order,
 * as tfjs' own ops need it; each is made when it is first asked for. Gradients in tfjs' ops are taken with respect to the
 * matrices, never through a slice of theta, whose gradient would be N numbers wide for every matrix.
 * It owns what it made or was handed until {@link AdapterTensors.dispose}.
 */
export class AdapterTensors {
  readonly layout: Layout;
  /** α/R */
  readonly scale: number;
  readonly #values: Float32Array | tf.Tensor1D | null;
  #theta: tf.Tensor1D | null = null;
  #matrices: readonly tf.Tensor2D[] | null = null;
  #pairs: Map<string, LoraPair> | null = null;

  private constructor(layout: Layout, values: Float32Array | tf.Tensor1D | null) {
    this.layout = layout;
    this.scale = layout.alpha / layout.rank;
    this.#values = values;
  }

  /** Takes the matrices over. @param matrices one for each of the layout's tensors */
  static fromMatrices(layout: Layout, matrices: readonly tf.Tensor2D[]): AdapterTensors {
    const adapter = new AdapterTensors(layout, null);
    adapter.#matrices = matrices;
    return adapter;
  }

  /** @param theta [N], left as it is; a tensor must outlive the adapter */
  static fromTheta(layout: Layout, theta: Float32Array | tf.Tensor1D): AdapterTensors {
    return new AdapterTensors(layout, theta);
  }

  /** [N] */
  get theta(): tf.Tensor1D {
    if (this.#values instanceof tf.Tensor) return this.#values;
    this.#theta ??= tf.keep(
      this.#values
        ? tf.tensor1d(this.#values)
        : tf.tidy(() => tf.concat1d(this.matrices.map((matrix) => tf.reshape(matrix, [matrix.size]) as tf.Tensor1D))),
    );
    return this.#theta;
  }

  /** One for each of the layout's tensors. */
  get matrices(): readonly tf.Tensor2D[] {
    if (this.#matrices) return this.#matrices;
    const theta = this.#values as Float32Array | tf.Tensor1D;
    // tfjs' slice on WASM reads all of its input; there theta is in reach of the host anyway.
    const values = theta instanceof tf.Tensor && tf.getBackend() === 'wasm' ? theta.dataSync<'float32'>() : theta;
    const cut = ({ offset, size, rows, columns }: Layout['tensors'][number]): tf.Tensor2D =>
      values instanceof tf.Tensor
        ? tf.tidy(() => tf.reshape(tf.slice(values, offset, size), [rows, columns]))
        : tf.tensor2d(values.subarray(offset, offset + size), [rows, columns]);
    this.#matrices = this.layout.tensors.map((tensor) => tf.keep(cut(tensor)));
    return this.#matrices;
  }

  pair(layer: number, projection: Projection): LoraPair | null {
    if (!this.#pairs) {
      this.#pairs = new Map();
      const { matrices } = this;
      const { tensors } = this.layout;
      for (let i = 0; i < tensors.length; i += 2) {
        const module = tensors[i]?.module as string;
        this.#pairs.set(module, { a: matrices[i] as tf.Tensor2D, b: matrices[i + 1] as tf.Tensor2D });
      }
    }
    return this.#pairs.get(`layers.${layer}.${projection}`) ?? null;
  }

  dispose(): void {
    this.#theta?.dispose();
    if (this.#matrices) tf.dispose([...this.#matrices]);
  }
}
