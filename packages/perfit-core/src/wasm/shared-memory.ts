/** What the rewritten module imports its memory as. */
export const MEMORY_IMPORT = { module: 'perfit', name: 'memory' } as const;

const IMPORTS = 2;
const MEMORIES = 5;
const HEADER = 8;
/** 2 GiB: tfjs takes addresses for signed numbers. */
const MAX_PAGES = 32_768;

/**
 * A WebAssembly module that has its memory from outside, where threads may share it, in place of one that makes its own:
 * nothing else of it changes, and code that knows nothing of threads runs on shared memory as on any other.
 * @param bytes of a module with one memory, as tfjs' build with SIMD   @returns it, and pages that it begins with
 * @throws RangeError where it is not such a module
 * Source: WebAssembly core specification 2.0, 5.5 (modules), and the threads proposal (shared limits).
 */
export function withSharedMemory(bytes: Uint8Array): {
  bytes: Uint8Array<ArrayBuffer>;
  initial: number;
  maximum: number;
} {
  const sections = sectionsOf(bytes);
  const memories = sections.find(({ id }) => id === MEMORIES);
  const imports = sections.find(({ id }) => id === IMPORTS);
  if (!memories || !imports) throw new RangeError('the module has no memory of its own, or imports nothing');
  const limits = new Reader(memories.body);
  const [count, flags, initial] = [limits.number(), limits.number(), limits.number()];
  if (count !== 1 || flags > 1) throw new RangeError('the module has several memories, or shares its own already');
  const entry = [...text(MEMORY_IMPORT.module), ...text(MEMORY_IMPORT.name), 2, 3, ...leb(initial), ...leb(MAX_PAGES)];
  const known = new Reader(imports.body);
  const importCount = known.number();
  const body = [...leb(importCount + 1), ...entry, ...imports.body.subarray(known.at)];
  const parts = sections.flatMap((section): Uint8Array[] => {
    if (section === memories) return [];
    if (section !== imports) return [section.whole];
    return [Uint8Array.from([IMPORTS, ...leb(body.length), ...body])];
  });
  const size = parts.reduce((sum, part) => sum + part.length, HEADER);
  const rewritten = new Uint8Array(size);
  rewritten.set(bytes.subarray(0, HEADER));
  let at = HEADER;
  for (const part of parts) {
    rewritten.set(part, at);
    at += part.length;
  }
  return { bytes: rewritten, initial, maximum: MAX_PAGES };
}

interface Section {
  readonly id: number;
  /** With its id and size. */
  readonly whole: Uint8Array;
  readonly body: Uint8Array;
}

function sectionsOf(bytes: Uint8Array): Section[] {
  const reader = new Reader(bytes, HEADER);
  const sections: Section[] = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.number();
    const length = reader.number();
    const end = reader.at + length;
    if (end > bytes.length) throw new RangeError('the module ends within a section');
    sections.push({ id, whole: bytes.subarray(start, end), body: bytes.subarray(reader.at, end) });
    reader.at = end;
  }
  return sections;
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** LEB128, unsigned. */
  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new RangeError('the module ends within a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...leb(bytes.length), ...bytes];
}
