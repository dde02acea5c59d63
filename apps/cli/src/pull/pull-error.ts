/** A model could not be fetched; the message is a sentence for a person. */
export class PullError extends Error {
  override readonly name = 'PullError';
  readonly code: 'pull-damaged' | 'pull-no-space' | 'pull-stopped' | 'pull-exists';

  constructor(code: PullError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
