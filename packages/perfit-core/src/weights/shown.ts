const LONGEST = 60;

/** A name out of a file that may be damaged, as a sentence can hold it. */
export function shown(name: string): string {
  const plain = name.replaceAll(/\p{C}/gu, '\ufffd');
  return plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST)}…`;
}
