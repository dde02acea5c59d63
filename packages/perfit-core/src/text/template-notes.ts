import type { ModelSource } from '../weights/source.ts';
import { ChatFormat, type TemplateTokenizer, unlessRefused } from './chat-template.ts';
import { readTokenizerFiles } from './read-tokenizer-files.ts';
import { parseTokenizerFiles, TokenizerError, templateTokenizerOf } from './tokenizer-files.ts';

/** What a person should know of how a model lays conversations out before they tune it or talk with it, in sentences. */
export function templateNotes(tokenizer: TemplateTokenizer): string[] {
  return unlessRefused(
    () => new ChatFormat(tokenizer).notes(),
    ({ message }) => [message],
  );
}

/** What a model's files say of how it reads and writes text, for whoever offers it to others. */
export interface TextNotes {
  /** Why nobody can load it, in a sentence. */
  readonly problem: string | null;
  /** As {@link templateNotes}. */
  readonly notes: readonly string[];
}

/** Without the making of its tokenizer. One that is not there yet is no problem: a model may be looked at while it is copied. */
export async function textNotesOf(source: Pick<ModelSource, 'has' | 'text'>): Promise<TextNotes> {
  try {
    const description = parseTokenizerFiles(await readTokenizerFiles(source));
    return { problem: null, notes: templateNotes(templateTokenizerOf(description)) };
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    return { problem: error.code === 'tokenizer-missing' ? null : error.message, notes: [] };
  }
}
