import { WeightsError } from './weights-error.ts';

const BEGINNING = 'version https://git-lfs';
/** So few bytes tell it from the beginning of any format. */
const SHORTEST = 4;

/** What Git leaves in a file's place where Git LFS has not fetched it. @param bytes a file's first ones */
export function isLfsPointer(bytes: Uint8Array): boolean {
  if (bytes.length < SHORTEST) return false;
  return new TextDecoder().decode(bytes.subarray(0, BEGINNING.length)) === BEGINNING.slice(0, bytes.length);
}

/** @throws WeightsError */
export function refuseLfsPointer(bytes: Uint8Array, file: string): void {
  if (isLfsPointer(bytes)) throw new WeightsError('weights-lfs-pointer', lfsPointerSentence(file));
}

export function lfsPointerSentence(file: string): string {
  return `${file} is a Git LFS pointer, not the file itself: run "git lfs pull" where it came from.`;
}
