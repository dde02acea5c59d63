import type { Tokenizer } from '../../text/tokenizer.ts';
import { wordPattern } from '../../weights/gguf/tokenizer.ts';
import type { ModelSource } from '../../weights/source.ts';
import { ExportError } from '../export-error.ts';
import type { GgufMetadata, GgufValue } from './gguf-header.ts';

type Json = Readonly<Record<string, unknown>>;

/** llama.cpp's types of tokens. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;
const BYTE = 6;

/** What llama.cpp's converter gives tokens that come of no merge. */
const NO_SCORE = -1000;

/**
 * The tokenizer as llama.cpp knows it: `gpt2`, which is byte-level BPE by merges, or `llama`, SentencePiece's BPE by scores.
 * @returns besides, what a reader of the file must beware of
 * @throws ExportError `export-no-counterpart` where it is neither   @throws WeightsError
 */
export async function tokenizerMetadata(
  source: ModelSource,
  tokenizer: Tokenizer,
  vocabSize: number,
): Promise<{ readonly metadata: GgufMetadata; readonly notice: string | null }> {
  const description = parseDescription(await source.text('tokenizer.json'));
  if (tokenizer.vocabularySize > vocabSize) {
    throw noCounterpart(
      `The tokenizer has ${tokenizer.vocabularySize} tokens where the model has ${vocabSize}: that`,
      'vocab_size',
    );
  }
  const kind = kindOf(description);
  const tokens = listTokens(description, tokenizer, vocabSize);
  const config = JSON.parse(await source.text('config.json')) as Json;
  const metadata: GgufMetadata = [
    ['tokenizer.ggml.model', { type: 'string', value: kind.model }],
    ['tokenizer.ggml.pre', { type: 'string', value: kind.pre }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens.map(({ text }) => text) }],
    ...(kind.model === 'llama' ? [scoresOf(description, tokens)] : []),
    ['tokenizer.ggml.token_type', { type: 'i32s', value: tokens.map(({ type }) => type) }],
    ...(kind.model === 'gpt2' ? [mergesOf(description)] : []),
    ...specialIds(description, tokenizer, config),
    ...(kind.model === 'llama'
      ? [['tokenizer.ggml.add_space_prefix', { type: 'bool', value: kind.addsSpace }] as const]
      : []),
    ...(tokenizer.chatTemplate === null
      ? []
      : [['tokenizer.chat_template', { type: 'string', value: tokenizer.chatTemplate }] as const]),
  ];
  const isClosed = kind.model === 'llama' && !tokens.some(({ type }) => type === BYTE);
  return { metadata, notice: isClosed ? CLOSED_VOCABULARY : null };
}

/** Its `byte_to_token` throws there, and nobody catches it. */
const CLOSED_VOCABULARY =
  'The tokenizer has no tokens for single bytes: llama.cpp stops where a text has a character that is not in its vocabulary.';

/** tokenizer.json as far as it matters here. */
interface Description {
  readonly model: Json;
  readonly normalizers: readonly Json[];
  readonly preTokenizers: readonly Json[];
  readonly added: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  /** In the order in which they are tried. */
  readonly merges: readonly (readonly [string, string])[];
}

/** The tokenizer has been built from the same file, so that its shape is known to be right. */
function parseDescription(text: string): Description {
  const json = JSON.parse(text) as Json;
  const model = json.model as Json;
  const merges = Array.isArray(model.merges) ? (model.merges as (string | [string, string])[]) : [];
  return {
    model,
    normalizers: parts(json.normalizer, 'normalizers'),
    preTokenizers: parts(json.pre_tokenizer, 'pretokenizers'),
    added: (json.added_tokens ?? []) as Description['added'],
    merges: merges.map((merge) => (typeof merge === 'string' ? splitMerge(merge) : merge)),
  };
}

function splitMerge(merge: string): readonly [string, string] {
  const at = merge.indexOf(' ', 1);
  return [merge.slice(0, at), merge.slice(at + 1)];
}

type Kind =
  | { readonly model: 'gpt2'; readonly pre: string }
  | { readonly model: 'llama'; readonly pre: 'default'; readonly addsSpace: boolean };

function kindOf(description: Description): Kind {
  const { model, normalizers, preTokenizers } = description;
  if (model.type !== undefined && model.type !== 'BPE') {
    throw noCounterpart(`A tokenizer of type ${String(model.type)}`, 'model.type');
  }
  if (preTokenizers.some(({ type }) => type === 'ByteLevel')) {
    const other = normalizers.find(({ type }) => type !== 'NFC');
    if (other) throw noCounterpart(`A byte-level tokenizer with the normaliser ${String(other.type)}`, 'normalizer');
    return { model: 'gpt2', pre: preTokenizerName(preTokenizers) };
  }
  const prepends = normalizers.some(({ type, prepend }) => type === 'Prepend' && prepend === SPACE);
  const isMetaspace =
    preTokenizers.every(({ type }) => type === 'Metaspace') &&
    normalizers.every(isMetaspaceNormalizer) &&
    preTokenizers.length + normalizers.length > 0;
  if (!isMetaspace) throw noCounterpart('A tokenizer that is neither byte-level nor of metaspaces', 'pre_tokenizer');
  const addsSpace = prepends || preTokenizers.some((part) => prependScheme(part) !== 'never');
  return { model: 'llama', pre: 'default', addsSpace };
}

const SPACE = '\u2581';

function isMetaspaceNormalizer({ type, prepend, pattern, content }: Json): boolean {
  if (type === 'Prepend') return prepend === SPACE;
  return type === 'Replace' && (pattern as Json | undefined)?.String === ' ' && content === SPACE;
}

/** Before `prepend_scheme` existed, `add_prefix_space` said the same. */
function prependScheme({ prepend_scheme: scheme, add_prefix_space: adds }: Json): unknown {
  return scheme ?? (adds === false ? 'never' : 'always');
}

/** How the text is cut before the merges, by the patterns that llama.cpp has a name for. */
const SPLITS: readonly (readonly [pattern: string, name: string])[] = [
  [wordPattern(String.raw`\p{N}`), 'qwen2'],
  [wordPattern(String.raw`\p{N}{1,3}`), 'llama-bpe'],
];

function preTokenizerName(preTokenizers: readonly Json[]): string {
  const bytes = preTokenizers.at(-1) as Json;
  const before = preTokenizers.slice(0, -1);
  const [first, ...more] = before;
  const usesPattern = bytes.type === 'ByteLevel' && bytes.use_regex !== false;
  if (bytes.type === 'ByteLevel' && bytes.add_prefix_space !== true && more.length === 0) {
    if (!first && usesPattern) return 'gpt-2';
    if (first?.type === 'Digits' && first.individual_digits === true && usesPattern) return 'smollm';
    const pattern = (first?.pattern as Json | undefined)?.Regex;
    const isSplit = first?.type === 'Split' && first.behavior === 'Isolated' && first.invert !== true;
    const known = SPLITS.find(([regex]) => regex === pattern);
    if (isSplit && known && !usesPattern) return known[1];
  }
  throw noCounterpart('A byte-level tokenizer that cuts text in this way', 'pre_tokenizer');
}

interface Token {
  readonly text: string;
  readonly type: number;
}

function listTokens({ model, added }: Description, tokenizer: Tokenizer, vocabSize: number): readonly Token[] {
  const addedById = new Map(added.map((token) => [token.id, token]));
  return Array.from({ length: vocabSize }, (_, id) => {
    const text = tokenizer.tokenOf(id);
    if (text === null) return { text: `[PAD${id}]`, type: UNUSED };
    const token = addedById.get(id);
    if (text === model.unk_token) return { text, type: UNKNOWN };
    if (token?.special || (token && looksSpecial(text))) return { text, type: CONTROL };
    if (token) return { text: text.replaceAll(SPACE, ' '), type: USER_DEFINED };
    return { text, type: isByte(text) ? BYTE : NORMAL };
  });
}

/** Some models forget to say of their added tokens that they are special. */
function looksSpecial(text: string): boolean {
  return text.startsWith('<|') && text.endsWith('|>');
}

function isByte(text: string): boolean {
  return /^<0x[0-9A-F]{2}>$/.test(text);
}

/** The earlier a merge, the higher the score of what comes of it: SentencePiece then merges in the same order. */
function scoresOf({ merges }: Description, tokens: readonly Token[]): readonly [string, GgufValue] {
  const rank = new Map<string, number>();
  merges.forEach(([left, right], i) => {
    if (!rank.has(left + right)) rank.set(left + right, i);
  });
  const value = tokens.map(({ text, type }) => {
    if (type === BYTE) return 0;
    if (type !== NORMAL) return NO_SCORE;
    const at = rank.get(text);
    return at === undefined ? 0 : -at - 1;
  });
  return ['tokenizer.ggml.scores', { type: 'f32s', value }];
}

/** A space within a token would read as the one between two. */
function mergesOf({ merges }: Description): readonly [string, GgufValue] {
  const value = merges.map((pair) => pair.map((part) => part.replaceAll(' ', '\u0120')).join(' '));
  return ['tokenizer.ggml.merges', { type: 'strings', value }];
}

function specialIds({ model }: Description, tokenizer: Tokenizer, config: Json): GgufMetadata {
  const { openingIds } = tokenizer;
  if (openingIds.length > 1) throw noCounterpart('A tokenizer that opens a text with several tokens', 'post_processor');
  const pad = tokenizer.templateTokens.pad_token;
  const ids = {
    bos: openingIds[0] ?? tokenizer.bosId ?? config.bos_token_id,
    eos: tokenizer.eosId,
    unknown: typeof model.unk_token === 'string' ? tokenizer.idOf(model.unk_token) : null,
    padding: (pad === undefined ? null : tokenizer.idOf(pad)) ?? config.pad_token_id,
  };
  const known = Object.entries(ids).filter((entry): entry is [string, number] => Number.isInteger(entry[1]));
  return [
    ...known.map(([name, value]) => [`tokenizer.ggml.${name}_token_id`, { type: 'u32', value }] as const),
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: openingIds.length > 0 }],
  ];
}

/** A component, or the parts of a `Sequence`, nested ones too. */
function parts(component: unknown, listName: string): readonly Json[] {
  if (typeof component !== 'object' || component === null) return [];
  const { type, [listName]: list } = component as Json;
  return type === 'Sequence' && Array.isArray(list)
    ? list.flatMap((part) => parts(part, listName))
    : [component as Json];
}

function noCounterpart(what: string, field: string): ExportError {
  return new ExportError('export-no-counterpart', `${what} has no counterpart in GGUF.`, { field });
}
