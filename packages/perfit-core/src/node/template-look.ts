import type { TemplateTokenizer } from '../text/chat-template.ts';
import { readTokenizerFiles } from '../text/read-tokenizer-files.ts';
import { templateNotes } from '../text/template-notes.ts';
import { parseTokenizerFiles, TokenizerError, templateTokenizerOf } from '../text/tokenizer-files.ts';
import type { ModelSource } from '../weights/source.ts';
import { TimeUpError, withinTime } from './within-time.ts';

/** A template lays a short conversation out in a millisecond; one that is made to take long is ended here. */
const LOOK_MS = 2_000;

/** As `templateNotes`, of a template that may come from anybody. */
export function templateNotesInTime(tokenizer: TemplateTokenizer): string[] {
  try {
    return withinTime(LOOK_MS, () => templateNotes(tokenizer));
  } catch (error) {
    if (!(error instanceof TimeUpError)) throw error;
    return ["The model's chat template cannot be used: it takes longer than any layout needs, as if it had no end."];
  }
}

/** What a model's files say of how it reads and writes text, for whoever offers it to others. */
export interface TextNotes {
  /** Why nobody can load it, in a sentence. */
  readonly problem: string | null;
  /** As `templateNotes`. */
  readonly notes: readonly string[];
}

/** Without the making of its tokenizer. One that is not there yet is no problem: a model may be looked at while it is copied. */
export async function textNotesOf(source: Pick<ModelSource, 'has' | 'text'>): Promise<TextNotes> {
  try {
    const description = parseTokenizerFiles(await readTokenizerFiles(source));
    return { problem: null, notes: templateNotesInTime(templateTokenizerOf(description)) };
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    return { problem: error.code === 'tokenizer-missing' ? null : error.message, notes: [] };
  }
}
