import type { ClientRecord } from './ports.ts';

/** [PF9] What a client leaves with. */
export interface PersonalModule {
  readonly round: number;
  /** What the round started from, or what came of its tuning; absent where an older record does not say. */
  readonly of?: 'received' | 'tuned';
  /** θ_i, [N]. */
  readonly theta: Float32Array;
}

/** [PF9] The best by the client's validation rows, or the last; null before its first round. */
export function personalModule({ best, tuned }: Pick<ClientRecord, 'best' | 'tuned'>): PersonalModule | null {
  return best ?? (tuned && { ...tuned, of: 'tuned' });
}
