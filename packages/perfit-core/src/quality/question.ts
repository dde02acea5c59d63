import type { PromptMessage } from '../text/chat-template.ts';
import type { Example } from '../text/example.ts';

/** What an example asks, and the answer that it has. */
export interface Question {
  /** As tuning lays them out; the last one is a user's. */
  readonly messages: readonly PromptMessage[];
  readonly expected: string;
}

/** Of a conversation its last question, with all that came before. @returns null where an example asks nothing */
export function questionOf(example: Example): Question | null {
  if ('text' in example) return null;
  if ('messages' in example) {
    const { messages } = example;
    const last = messages.findLastIndex(({ role, content }) => role === 'assistant' && content.trim() !== '');
    const asked = messages.slice(0, Math.max(0, last));
    if (asked.at(-1)?.role !== 'user') return null;
    return { messages: asked, expected: messages[last]?.content ?? '' };
  }
  const { instruction, context, response } = example;
  if (instruction.trim() === '' || response.trim() === '') return null;
  return {
    messages: [{ role: 'user', content: instruction, ...(context?.trim() ? { context } : {}) }],
    expected: response,
  };
}
