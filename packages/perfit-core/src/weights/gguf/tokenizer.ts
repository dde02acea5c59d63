import { shown } from '../shown.ts';
import { WeightsError } from '../weights-error.ts';
import type { GgufFile } from './gguf-file.ts';

type Json = Readonly<Record<string, unknown>>;

/** llama.cpp's types of tokens that are no plain ones. */
const CONTROL = 3;
const USER_DEFINED = 4;

const BYTES: Json = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
const GPT2: Json = { ...BYTES, use_regex: true };
const AFTER_A_SPLIT: Json = { ...BYTES, use_regex: false };
const EACH_DIGIT: Json = { type: 'Digits', individual_digits: true };

/** How Llama 3 and Qwen cut text before the merges, with this many digits at a time. */
export function wordPattern(digits: string): string {
  return String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
}

function splitBy(pattern: string): Json {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

interface PreTokenizer {
  readonly parts: readonly Json[];
  readonly normalizer?: Json;
  /** A word that is a token is that token, whatever the merges would make of it. */
  readonly ignoresMerges?: true;
}

const SMOLLM: PreTokenizer = { parts: [EACH_DIGIT, GPT2] };
const LLAMA_3: PreTokenizer = {
  parts: [splitBy(wordPattern(String.raw`\p{N}{1,3}`)), AFTER_A_SPLIT],
  ignoresMerges: true,
};
const QWEN_2: PreTokenizer = {
  parts: [splitBy(wordPattern(String.raw`\p{N}`)), AFTER_A_SPLIT],
  normalizer: { type: 'NFC' },
};

/**
 * By the names that llama.cpp gives them.
 * Source: github.com/ggml-org/llama.cpp, src/llama-vocab.cpp, `llm_tokenizer_bpe` and where it is chosen.
 */
const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': { parts: [GPT2] },
  smollm: SMOLLM,
  codeshell: SMOLLM,
  refact: SMOLLM,
  'command-r': SMOLLM,
  'llama-bpe': LLAMA_3,
  llama3: LLAMA_3,
  'llama-v3': LLAMA_3,
  qwen2: QWEN_2,
  'deepseek-r1-qwen': QWEN_2,
};

export interface TokenizerTexts {
  readonly 'tokenizer.json': string;
  readonly 'tokenizer_config.json': string;
  readonly 'generation_config.json': string;
}

/**
 * The tokenizer's files as Hugging Face would have them.
 * @throws WeightsError `weights-unsupported-tokenizer`, or `weights-invalid-header` where lists do not fit each other
 */
export function tokenizerTexts(file: GgufFile): TokenizerTexts {
  const pre = preTokenizerOf(file);
  const { metadata } = file;
  const tokens = metadata.assertHas('tokenizer.ggml.tokens', metadata.strings('tokenizer.ggml.tokens'));
  const types = metadata.numbers('tokenizer.ggml.token_type') ?? [];
  if (types.length !== 0 && types.length !== tokens.length) {
    const message = `${file.name} has ${tokens.length} tokens but ${types.length} types of tokens`;
    throw new WeightsError('weights-invalid-header', message);
  }
  const named = (name: string) => namedToken(file, tokens, name);
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: tokens.flatMap((content, id) => addedToken(content, id, types[id])),
    normalizer: pre.normalizer ?? null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: pre.parts },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: pre.ignoresMerges === true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: mergesOf(file),
    },
  };
  const template = metadata.string('tokenizer.chat_template');
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: named('bos')?.text ?? null,
    eos_token: named('eos')?.text ?? null,
    unk_token: named('unknown')?.text ?? null,
    pad_token: named('padding')?.text ?? null,
    add_bos_token: metadata.flag('tokenizer.ggml.add_bos_token') ?? false,
    clean_up_tokenization_spaces: false,
    ...(template === undefined ? {} : { chat_template: template }),
  };
  const ends = ['eos', 'eot', 'eom'].flatMap((name) => named(name)?.id ?? []);
  return {
    'tokenizer.json': JSON.stringify(json),
    'tokenizer_config.json': `${JSON.stringify(config, null, 2)}\n`,
    'generation_config.json': `${JSON.stringify({ eos_token_id: [...new Set(ends)] }, null, 2)}\n`,
  };
}

function preTokenizerOf({ name, metadata }: GgufFile): PreTokenizer {
  const model = metadata.assertHas('tokenizer.ggml.model', metadata.string('tokenizer.ggml.model'));
  if (model !== 'gpt2') {
    const message = `${name} has a tokenizer of the kind ${shown(model)}: gpt2, byte-level BPE, can be read`;
    throw new WeightsError('weights-unsupported-tokenizer', message);
  }
  const pre = metadata.string('tokenizer.ggml.pre');
  const known = pre === undefined ? undefined : PRE_TOKENIZERS[pre];
  if (known) return known;
  const what = pre === undefined ? 'does not say how its tokenizer cuts text' : `has the pre-tokenizer ${shown(pre)}`;
  const message = `${name} ${what}: ${Object.keys(PRE_TOKENIZERS).join(', ')} are known`;
  throw new WeightsError('weights-unsupported-tokenizer', message);
}

function mergesOf({ name, metadata }: GgufFile): readonly string[] {
  const merges = metadata.assertHas('tokenizer.ggml.merges', metadata.strings('tokenizer.ggml.merges'));
  const bad = merges.find((merge) => merge.indexOf(' ', 1) < 1);
  if (bad === undefined) return merges;
  throw new WeightsError('weights-invalid-header', `${name} has the merge "${shown(bad)}", which is none of two`);
}

function addedToken(content: string, id: number, type: number | undefined): readonly Json[] {
  if (type !== CONTROL && type !== USER_DEFINED) return [];
  const special = type === CONTROL;
  return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
}

function namedToken(
  { name: file, metadata }: GgufFile,
  tokens: readonly string[],
  name: string,
): { id: number; text: string } | null {
  const id = metadata.number(`tokenizer.ggml.${name}_token_id`);
  if (id === undefined) return null;
  const text = tokens[id];
  if (text !== undefined) return { id, text };
  // Padding is never looked at: whoever pads takes another token.
  if (name === 'padding') return null;
  const message = `${file} names token ${id} as its ${name} token, and has ${tokens.length}`;
  throw new WeightsError('weights-invalid-header', message);
}
