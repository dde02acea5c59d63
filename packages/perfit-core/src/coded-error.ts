/** What this package throws at its edges: a code for programs, a sentence for a person. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(asSentence(message), options);
    this.code = code;
  }
}

/** One that also names, in `data`, the file, field or number that it is about. */
export abstract class DetailedError<Code extends string> extends CodedError<Code> {
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(code, message);
    this.data = data;
  }
}

/** A capital at the start, unless a file's name or a path stands there, and a full stop at the end. */
function asSentence(message: string): string {
  const [first = ''] = message.split(/\s/, 1);
  const isName = /[./_]/.test(first);
  const sentence = isName ? message : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
