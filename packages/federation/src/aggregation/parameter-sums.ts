import { ProtocolError } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import { MAX_WEIGHT, SumsKernel } from './kernel/sums-kernel.ts';

/** From here on the kernel is worth its memory. */
export const MANY_POSITIONS = 1 << 15;

/**
 * [PF6] The two sums of a round, Σ w·m⊙Δ and Σ w·m, each [N] in double precision. A submission is folded in when it
 * arrives and forgotten; sums of different processes merge by addition. Nothing else of a client is kept.
 */
export class ParameterSums {
  /** N. */
  readonly size: number;
  private readonly weightedDeltas: Float64Array;
  private readonly kernel: SumsKernel | null;
  /** Of weights, what is not in the kernel's 32 bits. */
  private weights: Float64Array | null = null;
  /** Of all weights in the kernel: no position has more. */
  private inKernel = 0;

  constructor(size: number) {
    this.size = size;
    this.kernel = size < MANY_POSITIONS ? null : new SumsKernel(size);
    this.weightedDeltas = this.kernel?.sums ?? new Float64Array(size);
  }

  /**
   * @param packedDelta [mask.kept], in layout order
   * @throws RangeError where mask, delta or weight are not what the caller has already checked (UP1, UP3)
   */
  add(mask: Mask, packedDelta: Float32Array, weight: number): void {
    if (mask.size !== this.size) throw new RangeError(`a mask of ${mask.size} positions for sums of ${this.size}`);
    if (packedDelta.length !== mask.kept)
      throw new RangeError(`${packedDelta.length} values for ${mask.kept} positions`);
    if (!(weight > 0 && Number.isFinite(weight))) throw new RangeError(`the weight ${weight} is not positive`);
    if (this.kernel && Number.isInteger(weight) && weight <= MAX_WEIGHT) {
      if (this.inKernel + weight > MAX_WEIGHT) this.widen(this.kernel);
      this.inKernel += weight;
      this.kernel.fold(mask.bytes, packedDelta, weight);
    } else this.fold(mask, packedDelta, weight);
  }

  /** PF6 as it is written, position by position. */
  private fold(mask: Mask, packedDelta: Float32Array, weight: number): void {
    const { weightedDeltas } = this;
    const weights = this.wideWeights();
    let next = 0;
    for (let i = 0; i < mask.bytes.length; i++) {
      for (let byte = mask.bytes[i] as number; byte; byte &= byte - 1) {
        const p = 8 * i + 31 - Math.clz32(byte & -byte);
        weightedDeltas[p] = (weightedDeltas[p] as number) + weight * (packedDelta[next++] as number);
        weights[p] = (weights[p] as number) + weight;
      }
    }
  }

  /** Adds the sums of another process. */
  merge(other: ParameterSums): void {
    if (other.size !== this.size) throw new RangeError(`sums of ${other.size} and of ${this.size} positions`);
    const weights = this.wideWeights();
    for (let p = 0; p < this.size; p++) {
      this.weightedDeltas[p] = (this.weightedDeltas[p] as number) + (other.weightedDeltas[p] as number);
      weights[p] = (weights[p] as number) + other.weightAt(p);
    }
  }

  /**
   * θ_g[p] + Σ w m Δ / Σ w m, or what `stepOf` makes of that mean; a position without an owner stays exactly as it was
   * (in the sums of nobody at all, everything), and so does one that `isMoved` says not to. `theta` is left alone.
   * @returns [N]
   * @throws ProtocolError `delta-not-finite` where the result is not finite: it must not be committed
   */
  apply(
    theta: Float32Array,
    stepOf: (position: number, meanDelta: number) => number = (_, meanDelta) => meanDelta,
    isMoved: (position: number) => boolean = () => true,
  ): Float32Array {
    if (theta.length !== this.size) throw new RangeError(`theta has ${theta.length} positions, the sums ${this.size}`);
    const next = theta.slice();
    for (let p = 0; p < this.size; p++) {
      const weight = this.weightAt(p);
      if (weight === 0 || !isMoved(p)) continue;
      next[p] = (theta[p] as number) + stepOf(p, (this.weightedDeltas[p] as number) / weight);
    }
    return finite(next);
  }

  private weightAt(position: number): number {
    return (this.weights?.[position] ?? 0) + (this.kernel?.weights[position] ?? 0);
  }

  private wideWeights(): Float64Array {
    this.weights ??= new Float64Array(this.size);
    return this.weights;
  }

  /** Makes room for further weights in the kernel's 32 bits. */
  private widen({ weights }: SumsKernel): void {
    const wide = this.wideWeights();
    for (let p = 0; p < this.size; p++) wide[p] = (wide[p] as number) + (weights[p] as number);
    weights.fill(0);
    this.inKernel = 0;
  }
}

/** @returns theta  @throws ProtocolError `delta-not-finite` where it is not finite */
export function finite(theta: Float32Array): Float32Array {
  const position = theta.findIndex((value) => !Number.isFinite(value));
  if (position < 0) return theta;
  throw new ProtocolError('delta-not-finite', `The aggregate is not finite at position ${position}.`, { position });
}

/** [PF6] One round at once, for comparison with other frameworks. @returns [N] */
export function aggregate(
  global: Float32Array,
  submissions: readonly { mask: Mask /** Packed, [mask.kept]. */; delta: Float32Array; weight: number }[],
): Float32Array {
  const sums = new ParameterSums(global.length);
  for (const { mask, delta, weight } of submissions) sums.add(mask, delta, weight);
  return sums.apply(global);
}
