import type { RawRecord } from './dataset-json.ts';

const LONGEST_PASSAGE = 1000;
const SHORTEST_PASSAGE = 160;
/** A short text is cut finer, so that there is something to hold out. */
const WANTED_PASSAGES = 16;

/** Prose to passages of up to 1,000 characters, cut between paragraphs where it can be, else between sentences or words. */
export function readPassages(text: string): RawRecord[] {
  const target = Math.min(LONGEST_PASSAGE, Math.max(SHORTEST_PASSAGE, Math.ceil(text.length / WANTED_PASSAGES)));
  const passages: { line: number; value: string }[] = [];
  for (const paragraph of paragraphs(text)) {
    const last = passages.at(-1);
    if (last !== undefined && last.value.length + paragraph.value.length + 2 <= target) {
      last.value += `\n\n${paragraph.value}`;
    } else {
      for (const value of cutParagraph(paragraph.value, target)) passages.push({ line: paragraph.line, value });
    }
  }
  return passages;
}

function paragraphs(text: string): { line: number; value: string }[] {
  const found: { line: number; value: string }[] = [];
  let lines: string[] = [];
  let first = 1;
  const finish = () => {
    if (lines.length > 0) found.push({ line: first, value: lines.join('\n') });
    lines = [];
  };
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') finish();
    else {
      if (lines.length === 0) first = i + 1;
      lines.push(line.trimEnd());
    }
  });
  finish();
  return found;
}

function cutParagraph(paragraph: string, target: number): string[] {
  const pieces: string[] = [];
  let rest = paragraph;
  while (rest.length > target) {
    const head = rest.slice(0, target);
    const sentence = /^.*[.!?。！？]["'”’)]?(?=\s|$)/s.exec(head)?.[0].length ?? 0;
    const word = /^.*\s/s.exec(head)?.[0].length ?? 0;
    // A cut in the first half would leave scraps; text without spaces is cut between characters.
    const cut = sentence > target / 2 ? sentence : word > target / 2 ? word : wholeCharacters(rest, target);
    pieces.push(rest.slice(0, cut).trim());
    rest = rest.slice(cut).trimStart();
  }
  return [...pieces, rest].filter((piece) => piece !== '');
}

function wholeCharacters(text: string, length: number): number {
  const unit = text.charCodeAt(length - 1);
  return unit >= 0xd800 && unit < 0xdc00 ? length - 1 : length;
}
