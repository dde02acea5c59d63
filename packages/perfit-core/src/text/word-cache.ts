import { ByteLevelPreTokenizer, SequencePreTokenizer, type Tokenizer } from '@huggingface/tokenizers';

/** Words of a text repeat; 2^16 of them cover most of any file and take a few MB. */
const MAX_WORDS = 65536;
const LONGEST_WORD = 64;

/**
 * Makes a byte-level tokenizer faster: it takes the mapping of words to bytes out of the pre-tokenizer
 * and puts it before the model, behind a map from each word to its tokens. The library's own cache lies behind the
 * mapping, is a sixth as large and writes on every read. The tokens are the same.
 * @param parts the pre-tokenizer's parts, flat
 */
export function cacheWords(tokenizer: Tokenizer, parts: readonly Readonly<Record<string, unknown>>[]): void {
  const { model } = tokenizer;
  const last = parts.at(-1);
  const splits = parts.slice(0, -1);
  const isByteLevel = last?.type === 'ByteLevel' && last.use_regex === false && last.add_prefix_space !== true;
  if (model === null || model.fuse_unk || !isByteLevel || splits.some(({ type }) => type === 'ByteLevel')) return;
  const toBytes = new ByteLevelPreTokenizer({ type: 'ByteLevel', use_regex: false });
  const tokensOf = (word: string): string[] => model._call(toBytes.pre_tokenize([word]));
  const known = new Map<string, string[]>();
  const cached = (word: string): string[] => {
    const found = known.get(word);
    if (found !== undefined) return found;
    const tokens = tokensOf(word);
    if (word.length > LONGEST_WORD) return tokens;
    if (known.size >= MAX_WORDS) known.clear();
    known.set(word, tokens);
    return tokens;
  };
  tokenizer.pre_tokenizer = new SequencePreTokenizer({ type: 'Sequence', pretokenizers: splits as never[] });
  // The library calls the model as a function and reads its vocabulary.
  const caching = Object.assign((words: string[]) => words.flatMap(cached), {
    tokens_to_ids: model.tokens_to_ids,
    vocab: model.vocab,
    unk_token: model.unk_token,
    unk_token_id: model.unk_token_id,
    end_of_word_suffix: model.end_of_word_suffix,
  });
  tokenizer.model = caching as unknown as typeof model;
}
