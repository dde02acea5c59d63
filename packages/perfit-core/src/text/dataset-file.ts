import { DataError } from './data-error.ts';

/** 32 MiB: far more text than a tab can tune on, and little enough to parse in one go. */
export const LARGEST_DATASET_BYTES = 32 * 1024 * 1024;

/** To be asked before a file is read. @throws DataError `data-too-large` */
export function checkDatasetSize(name: string, bytes: number): void {
  if (bytes <= LARGEST_DATASET_BYTES) return;
  throw new DataError(
    'data-too-large',
    `The file has ${mebibytes(bytes)} MiB; at most ${mebibytes(LARGEST_DATASET_BYTES)} MiB can be read. Take a part of it.`,
    { name, bytes, limit: LARGEST_DATASET_BYTES },
  );
}

/**
 * The text of a file: UTF-8, or UTF-16 where a byte-order mark says so; without the mark, lines ended by `\n`.
 * @throws DataError `data-too-large`, `data-not-text`, `data-empty`
 */
export function decodeDataset(name: string, content: Uint8Array | string): string {
  checkDatasetSize(name, typeof content === 'string' ? content.length : content.byteLength);
  const text = typeof content === 'string' ? content : decodeBytes(name, content);
  if (text.includes('\0') || text.startsWith('%PDF-')) throw notText(name);
  const lines = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (lines.trim() === '') throw new DataError('data-empty', 'The file has no text in it.', { name });
  return lines;
}

function decodeBytes(name: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw notText(name);
  }
}

function notText(name: string): DataError {
  return new DataError(
    'data-not-text',
    'The file is not plain text. Save it as JSON, JSONL, CSV, Markdown or text in UTF-8.',
    { name },
  );
}

function mebibytes(bytes: number): string {
  // Rounded up, so that a file just above the limit does not read as if it were at it.
  return String(Math.ceil((bytes / 1024 / 1024) * 10) / 10);
}
