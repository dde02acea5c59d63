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

/** The same of a model's files, without the making of its tokenizer: where that cannot be read, whoever opens it says so. */
export async function templateNotesOf(source: Pick<ModelSource, 'has' | 'text'>): Promise<string[]> {
  try {
    return templateNotes(templateTokenizerOf(parseTokenizerFiles(await readTokenizerFiles(source))));
  } catch (error) {
    if (error instanceof TokenizerError) return [];
    throw error;
  }
}
