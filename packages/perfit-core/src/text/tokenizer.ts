import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import type { ModelSource } from '../weights/source.ts';
import type { TemplateTokenizer } from './chat-template.ts';
import { readTokenizerFiles } from './read-tokenizer-files.ts';
import { TextStream } from './text-stream.ts';
import {
  parseTokenizerFiles,
  preTokenizerParts,
  type TokenizerDescription,
  TokenizerError,
  type TokenizerFiles,
  templateTokenizerOf,
  USUAL_ENDS,
  withoutPrefixSpace,
} from './tokenizer-files.ts';
import { cacheWords } from './word-cache.ts';

/**
 * Text to token ids and back, by the model's own `tokenizer.json`. Byte-level BPE, metaspace BPE with byte
 * fallback, and Unigram; built from files by {@link createTokenizer}.
 */
export class Tokenizer implements TemplateTokenizer {
  /** V as the tokenizer knows it: the highest id + 1. A model's embedding may have more rows. */
  readonly vocabularySize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  /** What to fill rows with. It carries no loss and nothing looks at it, so any id will do where none is named. */
  readonly padId: number;
  /** Every id that ends a text by itself, `eosId` among them. */
  readonly endIds: ReadonlySet<number>;
  /** Ids of control tokens, which {@link decode} leaves out unless told. */
  readonly specialIds: ReadonlySet<number>;
  /** What opens every text that is not laid out by a chat template: the beginning-of-text token, or nothing. */
  readonly openingIds: readonly number[];
  /** Jinja source, or `null` where the model has none. */
  readonly chatTemplate: string | null;
  /** The special tokens as text, under the names that chat templates know. */
  readonly templateTokens: Readonly<Record<string, string>>;
  readonly endTokens: readonly string[];
  readonly specialTokens: readonly string[];

  readonly #library: LibraryTokenizer;
  readonly #continuing: LibraryTokenizer;

  /** @throws TokenizerError where the library does not know a component. */
  constructor(description: TokenizerDescription) {
    const { components, config } = description;
    try {
      this.#library = new LibraryTokenizer(components, config);
      this.#continuing = continuingTokenizer(this.#library, description);
      cacheWords(this.#library, preTokenizerParts(components));
    } catch (cause) {
      throw new TokenizerError(
        'tokenizer-unsupported',
        `The tokenizer cannot be built: ${cause instanceof Error ? cause.message : String(cause)}.`,
        { file: 'tokenizer.json' },
      );
    }
    const added = this.#library.get_added_tokens_decoder();
    this.vocabularySize = highestId(this.#library) + 1;
    this.specialIds = new Set([...added].filter(([, token]) => token.special).map(([id]) => id));
    this.bosId = this.#idOf(description.bosToken);
    this.eosId = this.#idOf(description.eosToken) ?? description.generationEosIds[0] ?? this.#usualEnd();
    const padId = this.#idOf(description.padToken);
    const rows = description.vocabSize ?? Number.POSITIVE_INFINITY;
    // Padding that the model has no row for is never looked at: any id serves.
    const isWithin = padId !== null && padId < rows;
    this.padId = (isWithin ? padId : null) ?? this.eosId ?? 0;
    const ends = [...description.generationEosIds, ...(this.eosId === null ? [] : [this.eosId])];
    this.endIds = new Set(ends);
    this.openingIds = this.#findOpening(description);
    const layout = templateTokenizerOf(description);
    this.chatTemplate = layout.chatTemplate;
    this.templateTokens = layout.templateTokens;
    this.endTokens = layout.endTokens;
    this.specialTokens = layout.specialTokens;
  }

  /** The ids of a text that stands alone or comes first. Special tokens written in the text become their ids. */
  encode(text: string): number[] {
    return this.#library.encode(text, { add_special_tokens: false }).ids;
  }

  /** The ids of a text that follows other text: like {@link encode}, but no space is put before it. */
  encodeContinuation(text: string): number[] {
    return this.#continuing.encode(text, { add_special_tokens: false }).ids;
  }

  /** Bytes that are no UTF-8 become U+FFFD; ids without a token (a padded vocabulary has some) become nothing. */
  decode(ids: ArrayLike<number>, options: { readonly keepSpecial?: boolean } = {}): string {
    const known = Array.from(ids).filter((id) => this.tokenOf(id) !== null);
    if (known.length === 0) return '';
    return this.#library.decode(known, {
      skip_special_tokens: options.keepSpecial !== true,
      // The clean-up is for word pieces: it takes spaces away before punctuation, and text would not round-trip.
      clean_up_tokenization_spaces: false,
    });
  }

  /** Decodes one id after another, and never gives out half a character. */
  stream(): TextStream {
    return new TextStream((ids) => this.decode(ids));
  }

  /** The token as the vocabulary writes it, for example `Ġthe`. */
  tokenOf(id: number): string | null {
    return this.#library.id_to_token(id) ?? null;
  }

  idOf(token: string): number | null {
    return this.#library.token_to_id(token) ?? null;
  }

  #idOf(token: string | null): number | null {
    return token === null ? null : this.idOf(token);
  }

  /** Where no file names the end of a text (GPT-2's folder has only `tokenizer.json`): a special token that usually is it. */
  #usualEnd(): number | null {
    const ids = USUAL_ENDS.map((token) => this.idOf(token));
    return ids.find((id) => id !== null && this.specialIds.has(id)) ?? null;
  }

  #findOpening({ addsBos }: TokenizerDescription): number[] {
    if (addsBos === false) return [];
    const plain = this.encode('a');
    const processed = this.#library.encode('a', { add_special_tokens: true }).ids;
    const opening = processed.slice(0, Math.max(0, processed.indexOf(plain[0] as number)));
    if (opening.length === 0 && addsBos === true && this.bosId !== null) return [this.bosId];
    return opening;
  }
}

/** @throws TokenizerError */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
  return new Tokenizer(parseTokenizerFiles(files));
}

/**
 * Reads the tokenizer in a model's folder.
 * @throws TokenizerError; what the source throws passes through.
 */
export async function loadTokenizer(source: Pick<ModelSource, 'has' | 'text'>): Promise<Tokenizer> {
  return createTokenizer(await readTokenizerFiles(source));
}

/** Shares the model, and with it the vocabulary, with the tokenizer that it is made from. */
function continuingTokenizer(library: LibraryTokenizer, description: TokenizerDescription): LibraryTokenizer {
  const components = withoutPrefixSpace(description.components);
  if (components === null) return library;
  const emptyModel = { type: 'BPE', vocab: {}, merges: [] };
  const continuing = new LibraryTokenizer({ ...components, model: emptyModel }, description.config);
  continuing.model = library.model;
  return continuing;
}

function highestId(library: LibraryTokenizer): number {
  let highest = -1;
  for (const id of library.get_vocab().values()) if (id > highest) highest = id;
  return highest;
}
