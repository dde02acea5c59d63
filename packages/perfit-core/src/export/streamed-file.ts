/** A file that is made while it is written: its size is known before its first byte. */
export interface StreamedFile {
  readonly name: string;
  /** Of all chunks together. */
  readonly bytes: number;
  /** A sentence on what its readers cannot do with it, where there is such a thing. */
  readonly notice?: string;
  /** Each call makes the file anew. A chunk is the caller's. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/** One that lies in memory already. */
export function wholeFile(name: string, content: string | Uint8Array<ArrayBuffer>): StreamedFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    name,
    bytes: bytes.length,
    async *chunks() {
      yield bytes.slice();
    },
  };
}
