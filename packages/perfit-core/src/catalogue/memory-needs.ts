import type { Layout, ModelDimensions } from '@perfit/protocol/space';
import { dimensions, type ModelConfig } from '../model/config.ts';
import { type PredictedChatBytes, predictChatBytes } from '../model/packed/chat-memory.ts';
import type { Held, MatrixFormats } from '../model/packed/matrix-formats.ts';
import { type PredictedBytes, predictStepBytes, weightBytes } from '../model/packed/memory.ts';
import type { ProgramsName } from '../model/packed/programs.ts';
import { PRECISIONS, type Precision } from '../ops/packed-matrix/formats.ts';

export interface TuningChoice {
  readonly held: Held;
  /** T, the longest row. */
  readonly maxLength: number;
  /** B, rows computed at once. */
  readonly batchSize: number;
  /** The adapter's layout in a model of such widths. */
  readonly layout: (dimensions: ModelDimensions) => Layout;
}

export interface ChatChoice {
  readonly held: Held;
  /** Whose memory: WebGPU's where absent. */
  readonly programs?: ProgramsName;
  /** S: prompt and reply, in tokens. */
  readonly contextLength: number;
}

/** What a model needs of the device's memory for one use, and how that was chosen. */
export type MemoryNeeds =
  | {
      readonly use: 'tuning';
      readonly config: ModelConfig;
      readonly choice: TuningChoice;
      readonly bytes: PredictedBytes;
    }
  | {
      readonly use: 'chat';
      readonly config: ModelConfig;
      readonly choice: ChatChoice;
      readonly bytes: PredictedChatBytes;
    };

/** Bytes of the device that tuning takes, blocks computed again in the backward pass as a tab does where room is short. */
export function memoryNeeds(config: ModelConfig, choice: TuningChoice): MemoryNeeds {
  const { held, batchSize: rows, layout } = choice;
  const length = Math.min(choice.maxLength, config.contextLength);
  const shape = { held, rows, length, layout: layout(dimensions(config)), checkpointing: true };
  return { use: 'tuning', config, choice, bytes: predictStepBytes(config, shape) };
}

/** Bytes of the device that a conversation takes whose prompt may fill the whole context. */
export function chatMemoryNeeds(config: ModelConfig, choice: ChatChoice): MemoryNeeds {
  const contextLength = Math.min(choice.contextLength, config.contextLength);
  const bytes = predictChatBytes(config, { ...choice, contextLength });
  return { use: 'chat', config, choice, bytes };
}

export interface PrecisionChoice {
  readonly precision: Precision;
  readonly held: Held;
  /** Of the weights on the device. */
  readonly bytes: number;
}

/** Finest first. @param inFile of a file whose matrices are in blocks */
export function precisionChoices(config: ModelConfig, inFile: MatrixFormats | null): readonly PrecisionChoice[] {
  const choice = (precision: Precision, held: Held) => ({ precision, held, bytes: weightBytes(config, held) });
  const rounded = PRECISIONS.map((precision) => choice(precision, precision));
  return inFile ? [choice('file', inFile), ...rounded] : rounded;
}
