import type { ClientRecord, ModuleOrigin } from './ports.ts';

/** [PF9] What a client leaves with. */
export interface PersonalModule {
  readonly round: number;
  /** Where it comes from; absent where an older record does not say. */
  readonly of?: ModuleOrigin;
  /** θ_i, [N]. */
  readonly theta: Float32Array;
}

/**
 * [PF9] What the client chose when the federation had ended; before that the best of its rounds by its validation rows,
 * or the last; null before its first round.
 */
export function personalModule({
  kept,
  best,
  tuned,
}: Pick<ClientRecord, 'best' | 'tuned'> & Partial<Pick<ClientRecord, 'kept'>>): PersonalModule | null {
  return kept ?? best ?? (tuned && { ...tuned, of: 'tuned' });
}
