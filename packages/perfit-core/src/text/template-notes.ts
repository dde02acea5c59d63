import { ChatFormat, type TemplateTokenizer, unlessRefused } from './chat-template.ts';

/** What a person should know of how a model lays conversations out before they tune it or talk with it, in sentences. */
export function templateNotes(tokenizer: TemplateTokenizer): string[] {
  return unlessRefused(
    () => new ChatFormat(tokenizer).notes(),
    ({ message }) => [message],
  );
}
