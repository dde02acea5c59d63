import {
  ChatFormat,
  type Example,
  type ExampleLength,
  httpSource,
  loadTokenizer,
  type ParsedFiles,
  parseDatasetFiles,
  splitExamples,
  type Tokenizer,
  takeValidation,
  tokenizeExamples,
} from '@perfit/core';
import type {
  DataApi,
  DataPage,
  DataPageWish,
  DataReport,
  DataRow,
  DataSplit,
  LocalFile,
  SplitSettings,
  TokenReport,
  TokenWish,
} from '../../contract/data-api.ts';
import { FailureError } from '../../contract/failure.ts';
import { outcomeOf, toFailure } from '../failures.ts';
import { partsOf, readFiles, thinned } from './local-data.ts';

const SHOWN_PROBLEMS = 5;
const SHOWN_CHARACTERS = 400;
/** Between two breaths, in milliseconds: so long a page of rows may wait. */
const WORK_MS = 40;

interface ReadText {
  readonly id: number;
  readonly parsed: ParsedFiles;
  readonly splitOf: ReadonlyMap<Example, DataSplit>;
  /** By example; filled as they are counted. */
  readonly lengths: (ExampleLength | undefined)[];
}

interface TokenReader {
  readonly path: string;
  readonly tokenizer: Tokenizer;
  readonly format: ChatFormat;
  /** T */
  readonly maxLength: number;
}

/** A person's text while they look at it: read once, shown a page at a time, counted in the model's tokens. */
export class DataService {
  #text: ReadText | null = null;
  #reader: TokenReader | null = null;
  #readings = 0;

  /** What each file gave, and how the examples are split (PF8). */
  async read(files: readonly LocalFile[], split: SplitSettings): Promise<DataReport> {
    const id = ++this.#readings;
    const whole = parseDatasetFiles(await readFiles(files));
    const parsed = thinned(whole, split.most);
    const sizes = new Map(files.map(({ name, content }) => [name, content.size]));
    const { splitOf, error } = splitUp(parsed, split);
    if (id === this.#readings) this.#text = { id, parsed, splitOf, lengths: [] };
    const sides = [...splitOf.values()];
    const count = (side: DataSplit) => sides.filter((other) => other === side).length;
    return {
      id,
      files: parsed.files.map(({ error: refusal, problems, inOthers: _, ...file }) => ({
        ...file,
        bytes: sizes.get(file.name) ?? 0,
        problems: problems.slice(0, SHOWN_PROBLEMS),
        failure: refusal && toFailure(refusal),
      })),
      examples: { training: count('training'), validation: count('validation'), heldOut: count('held-out') },
      offered: whole.examples.length,
      duplicates: parsed.duplicates,
      failure: error === null ? null : toFailure(error),
    };
  }

  page({ report, show, from, count }: DataPageWish): DataPage {
    const text = this.#text;
    if (text?.id !== report) return { rows: [], total: 0 };
    const { examples } = text.parsed;
    const chosen =
      show === 'all'
        ? null
        : examples.flatMap((example, i) => {
            const isChosen =
              show === 'cut' ? (text.lengths[i]?.cut ?? 0) > 0 : text.splitOf.get(example) === 'held-out';
            return isChosen ? [i] : [];
          });
    const total = chosen?.length ?? examples.length;
    const indices = Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, k) => from + k);
    return { total, rows: indices.map((k) => this.#row(text, chosen?.[k] ?? k)) };
  }

  async countTokens(wish: TokenWish, onProgress: (done: number) => void): Promise<TokenReport | null> {
    const text = this.#text;
    if (text?.id !== wish.report) return null;
    const reader = await this.#readerFor(wish);
    if (this.#readings !== wish.report) return null;
    onProgress(0);
    const { examples } = text.parsed;
    const sums = { tokens: 0, responseTokens: 0, longest: 0, cut: { examples: 0, tokens: 0 }, dropped: 0 };
    let droppedReason: string | null = null;
    let yieldedAt = performance.now();
    for (const [i, example] of examples.entries()) {
      const { length, reason } = measure(example, reader);
      text.lengths[i] = length;
      droppedReason ??= reason;
      if (reason !== null) sums.dropped++;
      sums.tokens += length.tokens;
      sums.responseTokens += length.response;
      sums.longest = Math.max(sums.longest, length.tokens);
      sums.cut.tokens += length.cut;
      if (length.cut > 0) sums.cut.examples++;
      if (performance.now() - yieldedAt < WORK_MS) continue;
      onProgress(i + 1);
      await new Promise((resolve) => setTimeout(resolve));
      if (this.#readings !== wish.report) return null;
      yieldedAt = performance.now();
    }
    if (this.#readings !== wish.report) return null;
    return { maxLength: reader.maxLength, ...sums, droppedReason };
  }

  #row(text: ReadText, index: number): DataRow {
    const example = text.parsed.examples[index] as Example;
    const { prompt, response, responses } = partsOf(example);
    const length = text.lengths[index] ?? (this.#reader && measure(example, this.#reader).length);
    return {
      prompt: shortened(prompt),
      response: shortened(response),
      responses,
      file: text.parsed.files[text.parsed.sources[index] as number]?.name ?? '',
      split: text.splitOf.get(example) ?? 'training',
      length: length ? { tokens: length.tokens, cut: length.cut } : null,
    };
  }

  /** @throws FailureError, TokenizerError, ChatTemplateError */
  async #readerFor({ modelPath, maxLength: asked }: TokenWish): Promise<TokenReader> {
    const source = httpSource(new URL(modelPath, globalThis.location.origin).href);
    const known = this.#reader?.path === modelPath ? this.#reader : null;
    const [tokenizer, config] = await Promise.all([
      known?.tokenizer ?? loadTokenizer(source),
      source.text('config.json'),
    ]);
    const maxLength = Math.min(asked, contextLengthOf(config));
    this.#reader = { path: modelPath, tokenizer, format: known?.format ?? new ChatFormat(tokenizer), maxLength };
    return this.#reader;
  }
}

/** Each example's side; where there is an error, as much as can be said. */
function splitUp(
  { examples, error }: ParsedFiles,
  { heldOut: heldOutFraction, validation: share, seed }: SplitSettings,
): { splitOf: Map<Example, DataSplit>; error: Error | null } {
  const splitOf = new Map<Example, DataSplit>(examples.map((example) => [example, 'training']));
  if (error !== null) return { splitOf, error };
  try {
    const { training, heldOut } = splitExamples(examples, { heldOutFraction, seed });
    for (const example of heldOut) splitOf.set(example, 'held-out');
    for (const example of takeValidation(training, { share, seed }).validation) splitOf.set(example, 'validation');
    return { splitOf, error: null };
  } catch (refusal) {
    return { splitOf, error: refusal as Error };
  }
}

function measure(example: Example, { tokenizer, format, maxLength }: TokenReader) {
  const { lengths, dropped } = tokenizeExamples([example], tokenizer, { maxLength, format });
  return { length: lengths[0] as ExampleLength, reason: dropped[0]?.message ?? null };
}

/** What the model can read at most, where its config says. */
function contextLengthOf(config: string): number {
  try {
    const length = Number((JSON.parse(config) as Record<string, unknown>).max_position_embeddings);
    return Number.isInteger(length) && length > 0 ? length : Number.POSITIVE_INFINITY;
  } catch {
    throw new FailureError({ code: 'model-config-invalid', message: "The model's config.json is not valid JSON." });
  }
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS
    ? `${text.slice(0, SHOWN_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
    : text;
}

export function dataApi(service: DataService): DataApi {
  return {
    readData: (files, split) => outcomeOf(() => service.read(files, split)),
    dataPage: (wish) => outcomeOf(() => service.page(wish)),
    countTokens: (wish, onProgress) => outcomeOf(() => service.countTokens(wish, onProgress)),
  };
}
