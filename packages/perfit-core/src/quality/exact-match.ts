/** Whether an answer is the expected text to the letter; spaces and line ends at either end, and how many there are, do not count. */
export function isExactMatch(answer: string, expected: string): boolean {
  return normalized(answer) === normalized(expected);
}

function normalized(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/g, ' ');
}
