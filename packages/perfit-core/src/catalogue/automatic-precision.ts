import type { ModelConfig } from '../model/config.ts';
import { MOST_EXACT_BYTES } from '../model/load-model.ts';
import { weightBytes } from '../model/packed/memory.ts';
import type { Precision } from '../ops/packed-matrix/formats.ts';
import { fits } from './fits.ts';
import { type ChatChoice, chatMemoryNeeds } from './memory-needs.ts';

/**
 * The precision that a model is opened in on WebGPU where nobody chooses: as published, or the finest in which a
 * conversation fits.
 * @param budget bytes of the device that may be taken; see `deviceBudget`
 */
export function automaticPrecision(
  config: ModelConfig,
  budget: number,
  { contextLength }: Pick<ChatChoice, 'contextLength'>,
): Precision {
  if (weightBytes(config, 'f16') <= MOST_EXACT_BYTES) return 'f32';
  const chats = (precision: Precision) =>
    fits(chatMemoryNeeds(config, { precision, contextLength }), budget).verdict !== 'too large';
  return (['f16', 'int8'] as const).find(chats) ?? 'int4';
}
