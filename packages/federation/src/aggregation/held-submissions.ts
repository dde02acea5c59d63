import type { Mask } from '@perfit/protocol/space';
import type { Column } from './column-means.ts';

interface Held {
  readonly mask: Mask;
  readonly values: Float32Array;
  readonly weight: number;
}

/** The owners of the positions from `start` on, in the order of arrival. */
export interface Block {
  readonly start: number;
  /** One a position; empty where nobody owns it. */
  readonly columns: readonly Column[];
}

/** As many positions are turned into columns at once: what that takes is 12 bytes a position and submission. */
const BLOCK = 1024;

/**
 * A round's submissions, for what must see all values of a position at once: 4 bytes for each value that is owned, until
 * the round is over. Turned into columns block by block, so that nothing the size of all of them exists twice.
 */
export class HeldSubmissions {
  /** N. */
  readonly size: number;
  private readonly held: Held[] = [];

  constructor(size: number) {
    this.size = size;
  }

  /**
   * @param packedDelta [mask.kept], in layout order; it is copied
   * @throws RangeError where mask, delta or weight are not what the caller has already checked (UP1, UP3)
   */
  add(mask: Mask, packedDelta: Float32Array, weight: number): void {
    if (mask.size !== this.size) throw new RangeError(`a mask of ${mask.size} positions for sums of ${this.size}`);
    if (packedDelta.length !== mask.kept)
      throw new RangeError(`${packedDelta.length} values for ${mask.kept} positions`);
    if (!(weight > 0 && Number.isFinite(weight))) throw new RangeError(`the weight ${weight} is not positive`);
    this.held.push({ mask, values: packedDelta.slice(), weight });
  }

  /** All positions, in order; positions behind the last block do not exist. */
  *blocks(): Generator<Block> {
    const most = this.held.length;
    const taken = new Float64Array(most);
    const values = new Float32Array(BLOCK * most);
    const weights = new Float64Array(BLOCK * most);
    const owners = new Uint32Array(BLOCK);
    for (let start = 0; start < this.size; start += BLOCK) {
      const length = Math.min(BLOCK, this.size - start);
      owners.fill(0);
      for (const [i, { mask, values: sent, weight }] of this.held.entries()) {
        let next = taken[i] as number;
        for (let row = 0; row < length; row++) {
          if (!mask.has(start + row)) continue;
          const at = row * most + (owners[row] as number);
          values[at] = sent[next++] as number;
          weights[at] = weight;
          owners[row] = (owners[row] as number) + 1;
        }
        taken[i] = next;
      }
      const columns = Array.from({ length }, (_, row) => {
        const end = row * most + (owners[row] as number);
        return { values: values.subarray(row * most, end), weights: weights.subarray(row * most, end) };
      });
      yield { start, columns };
    }
  }
}
