import { z } from 'zod';
import type { ChatOptions, ChatWhich } from '../../contract/chat-api.ts';

/** What each setting may be; the sampling itself is described in perfit-core. */
export const bounds = {
  temperature: { min: 0, max: 2, step: 0.1 },
  topP: { min: 0.05, max: 1, step: 0.05 },
  topK: { min: 0, max: 500, step: 10 },
  minP: { min: 0, max: 0.5, step: 0.05 },
  repetitionPenalty: { min: 1, max: 2, step: 0.05 },
  maxTokens: { min: 8, max: 2048, step: 32 },
  seed: { min: 0, max: 999_999, step: 1 },
} as const;

export type NumberSetting = keyof typeof bounds;

export interface ChatSettings extends Readonly<Record<NumberSetting, number>> {
  /** Both models throw the same dice. */
  readonly sameSeed: boolean;
  /** Said to the model before the conversation; empty is nothing. */
  readonly system: string;
  /** An answer ends before any of these, one a line; empty is none. */
  readonly stop: string;
}

/** Calm, but not without chance: asking again gives another answer. */
export const defaultSettings: ChatSettings = {
  temperature: 0.5,
  topP: 0.9,
  topK: 50,
  minP: 0,
  repetitionPenalty: 1.1,
  maxTokens: 128,
  seed: 1,
  sameSeed: true,
  system: '',
  stop: '',
};

function numberWithin(setting: NumberSetting) {
  const { min, max } = bounds[setting];
  return z.number().min(min).max(max).catch(defaultSettings[setting]);
}

const schema = z.object({
  temperature: numberWithin('temperature'),
  topP: numberWithin('topP'),
  topK: numberWithin('topK'),
  minP: numberWithin('minP'),
  repetitionPenalty: numberWithin('repetitionPenalty'),
  maxTokens: numberWithin('maxTokens'),
  seed: numberWithin('seed'),
  sameSeed: z.boolean().catch(defaultSettings.sameSeed),
  system: z.string().max(8000).catch(defaultSettings.system),
  stop: z.string().max(2000).catch(defaultSettings.stop),
});

/** What this browser kept, whoever wrote it; what cannot be used of it is as by default. */
export function parseSettings(kept: string | undefined): ChatSettings {
  try {
    return schema.catch(defaultSettings).parse(JSON.parse(kept ?? '{}'));
  } catch {
    return defaultSettings;
  }
}

/** @param attempt how often the same was asked before */
export function optionsOf(settings: ChatSettings, which: ChatWhich, attempt: number): ChatOptions {
  const { sameSeed, system: _, seed, stop, ...options } = settings;
  const apart = which === 'personal' && !sameSeed ? 1_000_003 : 0;
  const stops = stop.split('\n').filter((line) => line.trim() !== '');
  return { ...options, stop: stops, seed: seed + attempt + apart };
}
