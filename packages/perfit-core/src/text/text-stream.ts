const REPLACEMENT = '\uFFFD';

/**
 * Decodes ids as they come. A character may be spread over several tokens: what ends in U+FFFD may be the first
 * bytes of one and is held back until it is whole, or until {@link flush} says that nothing follows. All pieces
 * together are the decoding of all ids.
 *
 * Only the ids since the last whole character are decoded again, with one piece before them as context: some
 * decoders strip the space at the beginning of a text.
 */
export class TextStream {
  readonly #decode: (ids: readonly number[]) => string;
  /** Ids of the last whole piece, then those that are not given out entirely. */
  #window: number[] = [];
  /** How many of the window's ids are context. */
  #context = 0;
  /** How many characters of the window's text have been given out. */
  #given = 0;

  constructor(decode: (ids: readonly number[]) => string) {
    this.#decode = decode;
  }

  /** @returns the text that this id completes; often nothing. */
  push(id: number): string {
    this.#window.push(id);
    const text = this.#decode(this.#window);
    const whole = text.length - trailingReplacements(text);
    if (whole <= this.#given) return '';
    const piece = text.slice(this.#given, whole);
    this.#given = whole;
    if (whole === text.length) this.#advance();
    return piece;
  }

  /** @returns what was held back: bytes that never became a character, as U+FFFD. */
  flush(): string {
    const text = this.#decode(this.#window);
    const piece = text.slice(this.#given);
    this.#window = [];
    this.#context = 0;
    this.#given = 0;
    return piece;
  }

  #advance(): void {
    const piece = this.#window.slice(this.#context);
    const text = this.#decode(piece);
    this.#window = piece;
    this.#context = piece.length;
    this.#given = text.length;
  }
}

function trailingReplacements(text: string): number {
  let count = 0;
  while (text.endsWith(REPLACEMENT, text.length - count)) count++;
  return count;
}
