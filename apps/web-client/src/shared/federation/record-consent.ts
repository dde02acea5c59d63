import { sha256Hex } from '@perfit/protocol';
import type { RecordedConsent } from '../../contract/run-api.ts';

/** What a person has agreed to by pressing Start. @param sentences as they were shown, in this order */
export async function recordConsent(
  sentences: readonly string[],
  shareEvaluation: boolean,
  at: number,
): Promise<RecordedConsent> {
  const version = await sha256Hex(new TextEncoder().encode(sentences.join('\n')));
  return { at, version, sentences, shareEvaluation };
}
