export type TrainingErrorCode = 'not-finite' | 'no-examples' | 'wrong-size';

/** Tuning, search or evaluation cannot go on; the message says what was met and where. */
export class TrainingError extends Error {
  readonly code: TrainingErrorCode;

  constructor(code: TrainingErrorCode, message: string) {
    super(message);
    this.name = 'TrainingError';
    this.code = code;
  }
}
