import type { ClientRecord } from './ports.ts';

/** [PF9] θ_i that the client leaves with, [N]: the best by its validation rows, or the last; null before its first round. */
export function personalModule({ best, tuned }: Pick<ClientRecord, 'best' | 'tuned'>): Float32Array | null {
  return (best ?? tuned)?.theta ?? null;
}
