import { decodeValues } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import type { Aggregation } from '../aggregation/aggregation.ts';
import { openAggregation } from '../strategy/open-aggregation.ts';
import type { AdapterSpace, Adapters } from './adapters.ts';
import type { Spool } from './ports.ts';
import type { SubmissionRow } from './store.ts';

export interface RoundSumsParts {
  readonly space: AdapterSpace;
  readonly adapters: Adapters;
  readonly spool: Spool;
}

/** [PF6] The sums of the round under way: opened when they are needed, and made again from disk where they are lost. */
export class RoundSums {
  private readonly parts: RoundSumsParts;
  private sums: Aggregation | null = null;

  constructor(parts: RoundSumsParts) {
    this.parts = parts;
  }

  /** @param version of theta_g that the round starts from */
  async open(version: number): Promise<Aggregation> {
    if (this.sums) return this.sums;
    const { space, adapters } = this.parts;
    const { config, layout } = space;
    const global = await adapters.global(space, version);
    this.sums = openAggregation({ config, layout, round: version + 1, global });
    return this.sums;
  }

  drop(): void {
    this.sums = null;
  }

  /** What a client sent, as it lies on disk. @throws Error where it is lost */
  async read({
    client,
    round,
    maskBlob,
    maskHash,
  }: SubmissionRow): Promise<{ readonly mask: Mask; readonly values: Float32Array }> {
    const { space, adapters, spool } = this.parts;
    const mask = await adapters.mask(space, maskBlob);
    const { layoutHash, config } = space;
    const expected = { layoutHash, maskHash, count: mask.kept, dtype: config.wire.dtype };
    return { mask, values: decodeValues(await spool.read(round, client), expected) };
  }
}
