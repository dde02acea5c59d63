/** The model cannot be used; the message is for the operator. */
export class ModelError extends Error {
  override readonly name: string = 'ModelError';
}

export class MissingModelError extends ModelError {
  override readonly name = 'MissingModelError';
}
