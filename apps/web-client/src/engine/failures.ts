import {
  BackendError,
  ChatTemplateError,
  DataError,
  GenerationError,
  ModelError,
  TokenizerError,
  TrainingError,
  WeightsError,
} from '@perfit/core';
import { ProtocolError } from '@perfit/protocol';
import { type Failure, FailureError } from '../shared/failure/failure.ts';
import type { Outcome } from './engine-api.ts';

/** Weight errors that are about what the model should hold, not about its files. */
const aboutTensors = ['missing-tensor', 'wrong-shape', 'unsupported-dtype'] as const;

/** Any error as what the page shows: a code and a sentence. */
export function toFailure(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof ProtocolError) return error.toBody();
  if (error instanceof DataError) return { code: error.code, message: error.message };
  if (error instanceof WeightsError) {
    const isAboutTensors = aboutTensors.some((code) => code === error.code);
    return {
      code: isAboutTensors ? `model-${error.code}` : `weights-${error.code}`,
      message: asSentence(error.message),
    };
  }
  if (error instanceof ModelError) return { code: `model-${error.code}`, message: asSentence(error.message) };
  if (error instanceof TokenizerError || error instanceof ChatTemplateError) {
    return { code: `model-${error.code}`, message: asSentence(error.message) };
  }
  if (error instanceof BackendError) return { code: `device-${error.code}`, message: asSentence(error.message) };
  if (error instanceof GenerationError) return { code: `chat-${error.code}`, message: error.message };
  if (error instanceof TrainingError) return { code: `training-${error.code}`, message: asSentence(error.message) };
  if (error instanceof DOMException && error.name === 'QuotaExceededError') {
    return { code: 'storage-unavailable', message: 'There is no room left for this site in this browser.' };
  }
  return { code: 'unexpected', message: asSentence(error instanceof Error ? error.message : String(error)) };
}

/** Runs a call of the page and turns whatever it throws into plain data. */
export async function outcomeOf<T>(work: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toFailure(error) };
  }
}

function asSentence(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
