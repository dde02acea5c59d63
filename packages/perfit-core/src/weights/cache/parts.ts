import type { ManifestFile } from '../manifest.ts';

/** One part of one file. */
export interface PartAddress {
  readonly file: ManifestFile;
  /** 0 is the first. */
  readonly index: number;
}

export function partCount(file: ManifestFile, partBytes: number): number {
  return Math.ceil(file.bytes / partBytes);
}

/** Bytes [start, end) of the file. */
export function partRange({ file, index }: PartAddress, partBytes: number): [start: number, end: number] {
  return [index * partBytes, Math.min((index + 1) * partBytes, file.bytes)];
}

/** The parts that bytes [start, end) of a file lie in, in order. */
export function partsOf(file: ManifestFile, of: { start: number; end: number }, partBytes: number): PartAddress[] {
  if (of.end <= of.start) return [];
  const first = Math.floor(of.start / partBytes);
  const last = Math.floor((of.end - 1) / partBytes);
  return Array.from({ length: last - first + 1 }, (_, i) => ({ file, index: first + i }));
}
