export { type BatchOptions, bucketLength, makeBatches } from './text/batches.ts';
export {
  ChatFormat,
  ChatTemplateError,
  type ChatTemplateErrorCode,
  type PromptMessage,
  type Segment,
} from './text/chat-template.ts';
export type {
  ChatMessage,
  ContinuationExample,
  ConversationExample,
  Example,
  InstructionExample,
  Role,
} from './text/example.ts';
export {
  type DroppedExample,
  encodePrompt,
  NO_LOSS,
  type TokenizedDataset,
  type TokenizedExample,
  type TokenizeOptions,
  tokenizeExamples,
} from './text/examples.ts';
export type { TextStream } from './text/text-stream.ts';
export { createTokenizer, loadTokenizer, type Tokenizer } from './text/tokenizer.ts';
export {
  TOKENIZER_FILE_NAMES,
  TokenizerError,
  type TokenizerErrorCode,
  type TokenizerFiles,
} from './text/tokenizer-files.ts';
export type { TokenBatch } from './training/token-batch.ts';
