import { CodedError } from '../coded-error.ts';

export type TrainingErrorCode = 'training-not-finite' | 'training-no-examples' | 'training-wrong-size';

/** Tuning, search or evaluation cannot go on; the message says what was met and where. */
export class TrainingError extends CodedError<TrainingErrorCode> {
  override readonly name = 'TrainingError';
}
