import { DetailedError } from '../coded-error.ts';
import type { TemplateTokenizer } from './chat-template.ts';

/** The text of the files that describe a tokenizer, under the names they have in a model's folder. */
export interface TokenizerFiles {
  readonly 'tokenizer.json': string | undefined;
  readonly 'tokenizer_config.json'?: string | undefined;
  /** Newer models keep the chat template here; it wins over the one in `tokenizer_config.json`. */
  readonly 'chat_template.jinja'?: string | undefined;
  /** Read for `eos_token_id`, which may name several ids that end a text. */
  readonly 'generation_config.json'?: string | undefined;
  /** Read for `vocab_size`, which every id must be below. */
  readonly 'config.json'?: string | undefined;
}

export const TOKENIZER_FILE_NAMES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'config.json',
] as const;

export type TokenizerErrorCode =
  | 'tokenizer-missing'
  | 'tokenizer-bad-json'
  | 'tokenizer-unsupported'
  | 'tokenizer-beyond-model';

/** A tokenizer that cannot be used. `data` names the file and what was wrong in it. */
export class TokenizerError extends DetailedError<TokenizerErrorCode> {
  override readonly name = 'TokenizerError';
}

type Json = Readonly<Record<string, unknown>>;

/** What the four files say, checked as far as we use it. */
export interface TokenizerDescription {
  /** `tokenizer.json` with every component present, as the library wants it. */
  readonly components: Json & { readonly model: Json };
  readonly config: Json;
  readonly chatTemplate: string | null;
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  readonly padToken: string | null;
  /** `null` where the config does not say and the post-processor decides. */
  readonly addsBos: boolean | null;
  readonly generationEosIds: readonly number[];
  /** Rows of the model's embedding; null where nobody says it. */
  readonly vocabSize: number | null;
}

/** @throws TokenizerError */
export function parseTokenizerFiles(files: TokenizerFiles): TokenizerDescription {
  const text = files['tokenizer.json'];
  if (text === undefined) {
    throw new TokenizerError('tokenizer-missing', 'The model has no tokenizer.json, so its text cannot be read.', {
      file: 'tokenizer.json',
    });
  }
  const components = completeComponents(parseObject('tokenizer.json', text));
  const configText = files['tokenizer_config.json'];
  const config = configText === undefined ? {} : parseObject('tokenizer_config.json', configText);
  const modelText = files['config.json'];
  const { vocab_size: rows } = modelText === undefined ? {} : parseObject('config.json', modelText);
  const vocabSize = Number.isSafeInteger(rows) ? (rows as number) : null;
  const generationText = files['generation_config.json'];
  const generation = generationText === undefined ? {} : parseObject('generation_config.json', generationText);
  const padToken = tokenContent(config.pad_token);
  if (vocabSize !== null) refuseTokensBeyond(components, { vocabSize, padToken });
  return {
    components,
    config,
    chatTemplate: files['chat_template.jinja'] ?? defaultTemplate(config.chat_template),
    bosToken: tokenContent(config.bos_token),
    eosToken: tokenContent(config.eos_token),
    padToken,
    addsBos: typeof config.add_bos_token === 'boolean' ? config.add_bos_token : null,
    vocabSize,
    generationEosIds: [generation.eos_token_id].flat().filter((id): id is number => Number.isInteger(id)),
  };
}

/**
 * On a processor the model would end with an id that its embedding has no row for, on a graphics processor it would learn
 * from whatever lies behind it. Padding is never looked at: whoever pads takes another token where this one is beyond.
 * @throws TokenizerError `tokenizer-beyond-model`, with the first such token
 */
function refuseTokensBeyond(
  { model, added_tokens: added }: TokenizerDescription['components'],
  { vocabSize, padToken }: { readonly vocabSize: number; readonly padToken: string | null },
): void {
  const ids = new Map<string, number>([
    ...(isObject(model.vocab)
      ? (Object.entries(model.vocab) as [string, number][])
      : (model.vocab as [string, number][]).map(([token], id): [string, number] => [token, id])),
    ...(added as readonly AddedToken[]).map(({ content, id }): [string, number] => [content, id]),
  ]);
  const beyond = [...ids].filter(([token, id]) => id >= vocabSize && token !== padToken);
  const [first] = beyond.sort((a, b) => a[1] - b[1]);
  if (!first) return;
  const [token, id] = first;
  const more = beyond.length > 1 ? `, and ${beyond.length - 1} more` : '';
  throw new TokenizerError(
    'tokenizer-beyond-model',
    `The tokenizer has the token ${token} with the id ${id}${more}, but the model's embedding ends at ${vocabSize - 1}: they do not belong together.`,
    { token, id, vocabSize },
  );
}

/** Where no file names the end of a text (GPT-2's folder has only `tokenizer.json`), a special token that usually is it. */
export const USUAL_ENDS = ['<|im_end|>', '<|endoftext|>', '</s>', '<eos>'] as const;

/** What layouts of conversations need of a tokenizer, without making it. */
export function templateTokenizerOf(description: TokenizerDescription): TemplateTokenizer {
  const { components, config, chatTemplate, bosToken, eosToken, padToken } = description;
  const added = (components.added_tokens as readonly AddedToken[]).map(({ id, content, special }) => ({
    id,
    content,
    isSpecial: special === true,
  }));
  const specialTokens = added.filter(({ isSpecial }) => isSpecial).map(({ content }) => content);
  const isKnown = (token: string) =>
    added.some(({ content }) => content === token) || isInVocabulary(token, components);
  const named = eosToken !== null && isKnown(eosToken) ? [eosToken] : [];
  const generated = description.generationEosIds.flatMap((id) => {
    const token = added.find((candidate) => candidate.id === id)?.content ?? vocabularyToken(id, components);
    return token === null ? [] : [token];
  });
  const said = [...named, ...generated];
  const usual = USUAL_ENDS.filter((token) => specialTokens.includes(token)).slice(0, 1);
  const unknown = typeof config.unk_token === 'string' ? config.unk_token : null;
  const tokens = { bos_token: bosToken, eos_token: eosToken, pad_token: padToken, unk_token: unknown };
  return {
    chatTemplate,
    templateTokens: Object.fromEntries(
      Object.entries(tokens).filter((entry): entry is [string, string] => entry[1] !== null),
    ),
    endTokens: [...new Set(said.length > 0 ? said : usual)],
    specialTokens,
  };
}

function isInVocabulary(token: string, { model }: TokenizerDescription['components']): boolean {
  const { vocab } = model;
  return isObject(vocab)
    ? Object.hasOwn(vocab, token)
    : (vocab as [string, number][]).some(([known]) => known === token);
}

function vocabularyToken(id: number, { model }: TokenizerDescription['components']): string | null {
  const { vocab } = model;
  if (!isObject(vocab)) return (vocab as [string, number][])[id]?.[0] ?? null;
  return Object.keys(vocab).find((token) => vocab[token] === id) ?? null;
}

function parseObject(file: string, text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TokenizerError('tokenizer-bad-json', `${file} is not valid JSON: ${(cause as Error).message}.`, { file });
  }
  if (!isObject(value)) {
    throw new TokenizerError('tokenizer-bad-json', `${file} must hold a JSON object.`, { file });
  }
  return value;
}

const MODEL_TYPES = ['BPE', 'Unigram'];
const SPLIT_BEHAVIOURS = ['Removed', 'Isolated'];

function completeComponents(json: Json): TokenizerDescription['components'] {
  const file = 'tokenizer.json';
  const model = json.model;
  if (!isObject(model)) {
    throw new TokenizerError('tokenizer-bad-json', `${file} describes no model.`, { file });
  }
  // Early files leave the type out where it is BPE.
  const type = model.type ?? (Array.isArray(model.merges) ? 'BPE' : null);
  if (typeof type !== 'string' || !MODEL_TYPES.includes(type)) {
    throw new TokenizerError(
      'tokenizer-unsupported',
      `A tokenizer of type ${String(type)} is not supported; BPE and Unigram are.`,
      { file, type },
    );
  }
  const vocabIsRight =
    type === 'BPE' ? isObject(model.vocab) && Array.isArray(model.merges) : Array.isArray(model.vocab);
  const added = json.added_tokens ?? [];
  if (!vocabIsRight || !Array.isArray(added) || !added.every(isAddedToken)) {
    throw new TokenizerError('tokenizer-bad-json', `${file} has a vocabulary that cannot be read.`, { file });
  }
  for (const component of parts(json.pre_tokenizer, 'pretokenizers')) {
    const { type: name, behavior } = component;
    if (name === 'Split' && component.invert !== true && !SPLIT_BEHAVIOURS.includes(String(behavior))) {
      // The library would take it for `Isolated` and give other ids than the model was trained on.
      throw new TokenizerError(
        'tokenizer-unsupported',
        `The tokenizer splits by "${behavior}", which is not supported.`,
        {
          file,
          behavior,
        },
      );
    }
  }
  return {
    normalizer: null,
    post_processor: null,
    decoder: null,
    ...json,
    pre_tokenizer: mapParts(json.pre_tokenizer ?? null, 'pretokenizers', (part) =>
      digitsAsRust(splitAsRust(namePrependScheme(part))),
    ),
    added_tokens: added,
    model: { ...model, type },
  };
}

/** Before `prepend_scheme` existed, `add_prefix_space` said the same; the library reads only the newer name. */
function namePrependScheme(component: Json): Json {
  if (component.type !== 'Metaspace' || component.prepend_scheme !== undefined) return component;
  return { ...component, prepend_scheme: component.add_prefix_space === false ? 'never' : 'always' };
}

/** GPT-2's pattern, as the Rust library has it. */
const BYTE_LEVEL_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * The library's own byte-level pattern takes `\s` as JavaScript does, where U+FEFF is a space and U+0085 is none.
 * A `Split` with the same pattern is translated to the meaning that it has in the original.
 */
function splitAsRust(component: Json): Json {
  if (component.type !== 'ByteLevel' || component.use_regex === false || component.add_prefix_space === true) {
    return component;
  }
  const split = { type: 'Split', pattern: { Regex: BYTE_LEVEL_PATTERN }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, { ...component, use_regex: false }] };
}

/** The library takes the ten ASCII digits for digits; the original every number, as \u00bd and \u0661 are. */
function digitsAsRust(component: Json): Json {
  if (component.type !== 'Digits') return component;
  const pattern = component.individual_digits === true ? '\\p{N}' : '\\p{N}+';
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/**
 * The same tokenizer without the space that some put before a text: for text that continues other text.
 * `null` where it puts none, so that the tokenizer itself does.
 */
export function withoutPrefixSpace(components: Json): Json | null {
  let found = false;
  const strip = (component: Json): Json | null => {
    if (component.type === 'Prepend') {
      found = true;
      return null;
    }
    if (component.type === 'Metaspace' && component.prepend_scheme !== 'never') {
      found = true;
      return { ...component, prepend_scheme: 'never' };
    }
    if (component.type === 'ByteLevel' && component.add_prefix_space === true) {
      found = true;
      return { ...component, add_prefix_space: false };
    }
    return component;
  };
  const stripped = {
    ...components,
    normalizer: mapParts(components.normalizer, 'normalizers', strip),
    pre_tokenizer: mapParts(components.pre_tokenizer, 'pretokenizers', strip),
  };
  return found ? stripped : null;
}

/** The parts of the pre-tokenizer in their order, flat. */
export function preTokenizerParts(components: Json): Json[] {
  return parts(components.pre_tokenizer, 'pretokenizers');
}

/** A component, or the parts of a `Sequence`, nested ones too. */
function parts(component: unknown, listName: string): Json[] {
  if (!isObject(component)) return [];
  const list = component[listName];
  return component.type === 'Sequence' && Array.isArray(list)
    ? list.flatMap((part) => parts(part, listName))
    : [component];
}

function mapParts(component: unknown, listName: string, change: (part: Json) => Json | null): unknown {
  if (!isObject(component)) return component;
  const list = component[listName];
  if (component.type !== 'Sequence' || !Array.isArray(list)) return change(component);
  return {
    ...component,
    [listName]: list.map((part) => mapParts(part, listName, change)).filter((part) => part !== null),
  };
}

function defaultTemplate(template: unknown): string | null {
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const named = template.filter(isObject);
  const chosen = named.find((entry) => entry.name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : null;
}

function tokenContent(token: unknown): string | null {
  if (typeof token === 'string') return token;
  return isObject(token) && typeof token.content === 'string' ? token.content : null;
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: unknown;
}

function isAddedToken(token: unknown): token is AddedToken {
  return isObject(token) && Number.isInteger(token.id) && typeof token.content === 'string' && token.content !== '';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
