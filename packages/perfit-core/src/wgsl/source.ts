/** 0 … count - 1, each made into a piece of source. */
export function each(count: number, piece: (i: number) => string, separator = '\n'): string {
  return Array.from({ length: count }, (_, i) => piece(i)).join(separator);
}
