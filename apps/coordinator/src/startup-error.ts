/** The coordinator cannot start; the message is a sentence for the person who started it. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  readonly code:
    | 'data-directory-in-use'
    | 'data-directory'
    | 'models-missing'
    | 'address-in-use'
    | 'address'
    | 'database'
    | 'backup';

  constructor(code: StartupError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
