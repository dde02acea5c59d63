import { describe, expect, it } from 'vitest';
import { needsFolder, readText } from '../../../test/model-folders.ts';
import { memorySource } from '../../../test/tiny-models.ts';
import { loadTokenizer } from '../../text/tokenizer.ts';
import { tokenizerMetadata } from './tokenizer-metadata.ts';

type Json = Record<string, unknown>;

interface Files {
  readonly tokenizer: Json;
  readonly tokenizerConfig?: Json;
  readonly config?: Json;
}

async function described({ tokenizer, tokenizerConfig = {}, config = {} }: Files, vocabSize: number): Promise<Json> {
  const source = memorySource({
    'tokenizer.json': JSON.stringify(tokenizer),
    'tokenizer_config.json': JSON.stringify(tokenizerConfig),
    'config.json': JSON.stringify(config),
  });
  const { metadata, notice } = await tokenizerMetadata(source, await loadTokenizer(source), vocabSize);
  const said: Json = Object.fromEntries(
    metadata.map(([key, { value }]) => [key.replace('tokenizer.', '').replace('ggml.', ''), value]),
  );
  return { ...said, notice };
}

const nano = () => JSON.parse(readText('perfitNano', 'tokenizer.json') as string) as Json;
const nanoConfig = () => JSON.parse(readText('perfitNano', 'tokenizer_config.json') as string) as Json;
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const LLAMA_3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const splitting = (Regex: string, behavior = 'Isolated') => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex }, behavior, invert: false },
    { ...byteLevel, use_regex: false },
  ],
});

/** As TinyLlama's is, with three letters. */
const metaspace = (): Json => {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, '▁', 'a', 'b', '▁a', 'ab', '▁ab'];
  const special = (id: number) => ({ id, content: tokens[id], special: true, normalized: false });
  return {
    added_tokens: [
      special(0),
      special(1),
      special(2),
      { id: tokens.length, content: '<▁tool>', special: false, normalized: false },
    ],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ['▁ a', 'a b', '▁a b', '▁ ab'],
    },
  };
};

describe('a byte-level tokenizer in GGUF', () => {
  it('is told token by token, with its merges and its template', async () => {
    const said = await described(
      { tokenizer: nano(), tokenizerConfig: nanoConfig(), config: { bos_token_id: 0 } },
      4100,
    );
    expect(said).toMatchObject({
      model: 'gpt2',
      pre: 'gpt-2',
      bos_token_id: 0,
      eos_token_id: 2,
      padding_token_id: 3,
      add_bos_token: false,
      chat_template: nanoConfig().chat_template,
    });
    const model = nano().model as { vocab: Record<string, number>; merges: unknown[] };
    const tokens = said.tokens as string[];
    expect(Object.entries(model.vocab).every(([token, id]) => tokens[id] === token)).toBe(true);
    expect(tokens.slice(4095)).toEqual([tokens[4095], '[PAD4096]', '[PAD4097]', '[PAD4098]', '[PAD4099]']);
    const types = said.token_type as number[];
    expect([types.slice(0, 5), types.slice(4095)]).toEqual([
      [3, 3, 3, 3, 1],
      [1, 5, 5, 5, 5],
    ]);
    expect((said.merges as string[])[0]).toBe('Ġ t');
    expect((said.merges as string[]).length).toBe(model.merges.length);
  });

  it.each([
    ['smollm', { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] }],
    ['llama-bpe', splitting(LLAMA_3)],
    ['qwen2', splitting(LLAMA_3.replace('{1,3}', ''))],
  ])('is cut as %s where its pre-tokeniser is that', async (pre, pre_tokenizer) => {
    expect(
      await described({ tokenizer: { ...nano(), normalizer: { type: 'NFC' }, pre_tokenizer } }, 4096),
    ).toMatchObject({ pre });
  });

  it('has merges in pairs told as those in one text', async () => {
    const tokenizer = nano();
    const model = tokenizer.model as { merges: unknown[] };
    const pairs = model.merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : merge));
    const said = await described({ tokenizer: { ...tokenizer, model: { ...model, merges: pairs } } }, 4096);
    expect(said.merges).toEqual((await described({ tokenizer }, 4096)).merges);
  });

  it.each([
    ['cuts text in a way without a name', { pre_tokenizer: splitting(String.raw`\p{L}+`) }],
    ['puts a space first', { pre_tokenizer: { ...byteLevel, add_prefix_space: true } }],
    ['changes the text before', { normalizer: { type: 'Lowercase' } }],
    ['is no BPE', { model: { type: 'Unigram', vocab: [['a', -1]], unk_id: 0 }, added_tokens: [] }],
  ])('is refused where it %s', async (_, change) => {
    await expect(described({ tokenizer: { ...nano(), ...change } }, 4096)).rejects.toMatchObject({
      code: 'export-no-counterpart',
    });
  });

  it('is refused where the model has fewer rows than it has tokens', async () => {
    await expect(described({ tokenizer: nano() }, 4000)).rejects.toMatchObject({
      code: 'export-no-counterpart',
      message: 'The tokenizer has 4096 tokens where the model has 4000: that has no counterpart in GGUF.',
    });
  });
});

describe('a metaspace tokenizer in GGUF', () => {
  it('has scores that merge in the same order, and knows its bytes', async () => {
    const said = await described({ tokenizer: metaspace(), tokenizerConfig: { eos_token: '</s>' } }, 266);
    expect(said).toMatchObject({
      notice: null,
      model: 'llama',
      pre: 'default',
      bos_token_id: 1,
      eos_token_id: 2,
      unknown_token_id: 0,
      add_bos_token: true,
      add_space_prefix: true,
    });
    const [tokens, scores, types] = [said.tokens, said.scores, said.token_type] as [string[], number[], number[]];
    expect(tokens.slice(259)).toEqual(['▁', 'a', 'b', '▁a', 'ab', '▁ab', '< tool>']);
    expect(scores.slice(259)).toEqual([0, 0, 0, -1, -2, -3, -1000]);
    expect(types.slice(257)).toEqual([6, 6, 1, 1, 1, 1, 1, 1, 4]);
    expect(types.slice(0, 4)).toEqual([2, 3, 3, 6]);
    expect(said.merges).toBeUndefined();
  });

  it.each([
    ['always', true],
    ['first', true],
    ['never', false],
  ])('says whether a space goes first: prepend_scheme %s', async (prepend_scheme, add_space_prefix) => {
    const pre_tokenizer = { type: 'Metaspace', replacement: '▁', prepend_scheme, split: false };
    const said = await described({ tokenizer: { ...metaspace(), normalizer: null, pre_tokenizer } }, 266);
    expect(said).toMatchObject({ model: 'llama', add_space_prefix });
  });

  it('gives every token of tinystories a score of its own', needsFolder('tinystories'), async () => {
    const read = (file: string) => JSON.parse(readText('tinystories', file) as string) as Json;
    const tokenizer = read('tokenizer.json');
    const said = await described({ tokenizer, tokenizerConfig: read('tokenizer_config.json') }, 2048);
    expect(said).toMatchObject({
      model: 'llama',
      bos_token_id: 1,
      eos_token_id: 2,
      padding_token_id: 0,
      add_bos_token: true,
    });
    expect(said.notice).toMatch(/llama\.cpp stops where a text has a character that is not in its vocabulary/);
    const [tokens, scores] = [said.tokens, said.scores] as [string[], number[]];
    const merges = (tokenizer.model as { merges: string[] }).merges.map((merge) => merge.replace(' ', ''));
    expect(merges.map((token) => scores[tokens.indexOf(token)])).toEqual(merges.map((_, i) => -i - 1));
  });
});
