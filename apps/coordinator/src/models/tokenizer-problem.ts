import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ModelFile } from './model-catalogue.ts';
import { ReadOnce } from './read-once.ts';

const tokenizerSchema = z.object({
  model: z.object({ vocab: z.union([z.record(z.string(), z.number()), z.array(z.tuple([z.string()], z.unknown()))]) }),
  added_tokens: z.array(z.object({ id: z.number(), content: z.string() })).default([]),
});
const paddingSchema = z.object({ pad_token: z.union([z.string(), z.object({ content: z.string() })]).nullish() });

interface HighToken {
  readonly token: string;
  readonly id: number;
}

/**
 * Whether the embedding has a row for every token, as clients look when they open a model; padding is left out, for they
 * pad with another then. A tokenizer that cannot be read is theirs to explain.
 */
export class TokenizerCheck {
  private readonly highest = new ReadOnce<HighToken | null>();

  /** In a sentence for the operator; null where there is nothing to say. @param vocabSize rows of the embedding */
  async problem(files: readonly ModelFile[], vocabSize: number | undefined): Promise<string | null> {
    const tokenizer = files.find(({ name }) => name === 'tokenizer.json');
    if (!tokenizer || vocabSize === undefined) return null;
    const config = files.find(({ name }) => name === 'tokenizer_config.json');
    const found = await this.highest.of(config ? [tokenizer, config] : [tokenizer], () =>
      highestToken(tokenizer, config).catch(() => null),
    );
    if (!found || found.id < vocabSize) return null;
    return `Its tokenizer has the token ${found.token} with the id ${found.id}, where its embedding ends at ${vocabSize - 1}: they do not belong together.`;
  }
}

async function highestToken(tokenizer: ModelFile, config: ModelFile | undefined): Promise<HighToken | null> {
  const { model, added_tokens: added } = tokenizerSchema.parse(JSON.parse(await readFile(tokenizer.path, 'utf8')));
  const { pad_token: pad } = config ? paddingSchema.parse(JSON.parse(await readFile(config.path, 'utf8'))) : {};
  const padding = typeof pad === 'string' ? pad : pad?.content;
  const listed = Array.isArray(model.vocab)
    ? model.vocab.map(([token], id) => [token, id] as const)
    : Object.entries(model.vocab);
  let highest: HighToken | null = null;
  for (const [token, id] of [...listed, ...added.map(({ content, id }) => [content, id] as const)]) {
    if (token !== padding && id > (highest?.id ?? -1)) highest = { token, id };
  }
  return highest;
}
