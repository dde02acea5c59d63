/**
 * What templates that tell the date are told: Llama 3.2's own default, at midnight. With the day's date the same text would
 * be other tokens tomorrow, and perplexities of two days or two clients could not be compared.
 */
export const FIXED_DATE = '26 Jul 2024';

/** 26 July 2024 was a Friday, the 208th day of its year. */
const PARTS: Readonly<Record<string, string>> = {
  a: 'Fri',
  A: 'Friday',
  b: 'Jul',
  B: 'July',
  c: 'Fri Jul 26 00:00:00 2024',
  d: '26',
  e: '26',
  F: '2024-07-26',
  H: '00',
  I: '12',
  j: '208',
  m: '07',
  M: '00',
  p: 'AM',
  S: '00',
  T: '00:00:00',
  u: '5',
  w: '5',
  x: '07/26/24',
  X: '00:00:00',
  y: '24',
  Y: '2024',
  z: '+0000',
  Z: 'UTC',
  '%': '%',
};

/** The fixed date as C's `strftime` writes it in English; what it does not know stays as it is. */
export function strftimeOfFixedDate(format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, unpadded: string, letter: string) => {
    const part = PARTS[letter];
    if (part === undefined) return whole;
    return unpadded ? part.replace(/^0+(?=\d)/, '') : part;
  });
}
