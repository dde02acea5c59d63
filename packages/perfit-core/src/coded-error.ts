/** What this package throws at its edges: a code for programs, a sentence for a person. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(asSentence(message), options);
    this.code = code;
  }
}

/** A capital at the start, unless a file's name or a path stands there, and a full stop at the end. */
function asSentence(message: string): string {
  const [first = ''] = message.split(/\s/, 1);
  const isName = /[./_]/.test(first);
  const sentence = isName ? message : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
