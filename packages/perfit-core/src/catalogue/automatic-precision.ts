import type { ModelConfig } from '../model/config.ts';
import { weightBytes } from '../model/packed/memory.ts';
import { MAX_EXACT_BYTES } from '../model/packed/plan-memory.ts';
import type { RoundedPrecision } from '../ops/packed-matrix/formats.ts';
import { fits } from './fits.ts';
import { type ChatChoice, chatMemoryNeeds } from './memory-needs.ts';

/**
 * The precision that a model is opened in on WebGPU where nobody chooses and its file is not in blocks: as published, or the finest in which a
 * conversation fits.
 * @param budget bytes of the device that may be taken; see `deviceBudget`
 */
export function automaticPrecision(
  config: ModelConfig,
  budget: number,
  { contextLength }: Pick<ChatChoice, 'contextLength'>,
): RoundedPrecision {
  if (weightBytes(config, 'f16') <= MAX_EXACT_BYTES) return 'f32';
  const chats = (held: RoundedPrecision) =>
    fits(chatMemoryNeeds(config, { held, contextLength }), budget).verdict !== 'too large';
  return (['f16', 'int8'] as const).find(chats) ?? 'int4';
}
