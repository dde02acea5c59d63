import type { Example } from './example.ts';

/** Equal for examples that differ in white space only. */
export function exampleKey(example: Example): string {
  const plain = (text: string) => text.replace(/\s+/g, ' ').trim();
  if ('text' in example) return JSON.stringify([plain(example.text)]);
  const messages =
    'messages' in example
      ? example.messages.map(({ role, content }) => [role, plain(content)])
      : [
          ['user', plain(example.instruction), ...(example.context ? [plain(example.context)] : [])],
          ['assistant', plain(example.response)],
        ];
  return JSON.stringify(messages);
}
