import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** Bytes [start, end], both included, as RFC 9110 counts them. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** More are nobody's reading of a file, but a way to make small requests cost much. */
const MAX_RANGES = 32;

/**
 * The ranges that a Range header asks for. Null where it is to be ignored and the whole file sent: no header, another
 * unit, a malformed one, or ranges that overlap.
 * Source: RFC 9110, section 14.
 */
export function parseRanges(header: string | undefined, size: number): ByteRange[] | 'unsatisfiable' | null {
  const specified = /^bytes=(.+)$/.exec(header ?? '')?.[1]?.split(',');
  if (!specified || specified.length > MAX_RANGES) return null;
  const ranges: ByteRange[] = [];
  for (const each of specified) {
    const match = /^\s*(\d*)-(\d*)\s*$/.exec(each);
    if (!match || (match[1] === '' && match[2] === '')) return null;
    const [first, last] = [match[1] as string, match[2] as string];
    if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
    const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
    if (start < size && start <= end) ranges.push({ start, end });
  }
  if (ranges.length === 0) return 'unsatisfiable';
  const sorted = [...ranges].sort((a, b) => a.start - b.start);
  const overlaps = sorted.some(({ start }, i) => i > 0 && start <= (sorted[i - 1] as ByteRange).end);
  return overlaps ? null : ranges;
}

export interface Multipart {
  readonly type: string;
  readonly length: number;
  readonly body: Readable;
}

/** Several ranges of a file in one answer; reading it to its end, or giving it up, closes the file. */
export function multipart(
  file: FileHandle,
  ranges: readonly ByteRange[],
  of: { size: number; type: string },
): Multipart {
  const boundary = randomBytes(18).toString('hex');
  const heads = ranges.map(({ start, end }) =>
    Buffer.from(
      `\r\n--${boundary}\r\ncontent-type: ${of.type}\r\ncontent-range: bytes ${start}-${end}/${of.size}\r\n\r\n`,
    ),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  async function* pieces() {
    try {
      for (const [i, { start, end }] of ranges.entries()) {
        yield heads[i];
        yield* file.createReadStream({ start, end, autoClose: false });
      }
      yield tail;
    } finally {
      await file.close();
    }
  }
  const content = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  return {
    type: `multipart/byteranges; boundary=${boundary}`,
    length: heads.reduce((sum, head) => sum + head.length, content + tail.length),
    body: Readable.from(pieces(), { objectMode: false }),
  };
}
