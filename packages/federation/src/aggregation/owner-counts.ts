import { ProtocolError } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';

/**
 * [PF3] How many of a round's submissions own each position, Σ m: one sum over all clients, by which nobody can tell
 * whose mask has a position. It is linear, so that a secure aggregation could add it up without seeing any mask.
 */
export class OwnerCounts {
  /** [N] */
  private readonly counts: Uint32Array;
  private submissions = 0;

  constructor(size: number) {
    this.counts = new Uint32Array(size);
  }

  /** @param mask of N positions, as the sums have checked */
  add(mask: Mask): void {
    const { counts } = this;
    for (const p of mask.positions()) counts[p] = (counts[p] as number) + 1;
    this.submissions++;
  }

  /** Of a position. */
  at(position: number): number {
    return this.counts[position] as number;
  }

  /** o = Σ m / the number of submissions. @returns [N], each in [0, 1]; zeros where nobody submitted */
  shares(): Float32Array {
    const { submissions } = this;
    return Float32Array.from(this.counts, (count) => (submissions === 0 ? 0 : count / submissions));
  }
}

/** [PF3] What a client asks for that searches with a prior. @throws ProtocolError `download-range` where a version has none */
export function assertHasOwners(owners: Float32Array | null, version: number): Float32Array {
  if (owners) return owners;
  throw new ProtocolError(
    'download-range',
    `Version ${version} of the adapter has no shares of owners: they are counted from the first commit on, where search.prior is above 0.`,
  );
}
