import { Mask, seededRandom } from '@perfit/protocol/space';

/** A submission that follows from its client's number, so that whoever checks the sums can make it again. */
export interface DrawnSubmission {
  readonly mask: Mask;
  /** [mask.kept] */
  readonly values: Float32Array;
  /** n_i */
  readonly examples: number;
}

/** The most that a client says it trains on. */
export const MAX_EXAMPLES = 50;

/** Draws submissions for one layout: a mask of its own for each client, each of half of the positions. */
export class Drawer {
  private readonly size: number;
  private readonly bits: Uint8Array;
  private readonly values: Float32Array;

  /** @param size N, a multiple of 8 */
  constructor(size: number) {
    this.size = size;
    const random = seededRandom(1);
    let kept = 0;
    const base = Mask.from(size, (p) => {
      // One of each two, so that the budget is met exactly.
      if (p % 2 === 0) kept = random() < 0.5 ? p : p + 1;
      return p === kept;
    });
    this.bits = base.bytes;
    this.values = Float32Array.from({ length: base.kept }, () => (random() - 0.5) * 1e-3);
  }

  mask(client: number): Mask {
    const turned = new Uint8Array(this.bits.length);
    const by = (client * 257) % turned.length;
    turned.set(this.bits.subarray(by));
    turned.set(this.bits.subarray(0, by), turned.length - by);
    return Mask.fromBytes(this.size, turned);
  }

  draw(client: number, round: number): DrawnSubmission {
    const values = this.values.slice();
    values[client % values.length] = 0.1 + 0.001 * client + round;
    return { mask: this.mask(client), values, examples: 1 + (client % MAX_EXAMPLES) };
  }
}
