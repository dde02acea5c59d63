import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelFolders, needsFolder, readText, tokenizerOf } from '../../test/model-folders.ts';
import expected from '../../test/tokenizer-ids.json' with { type: 'json' };
import { createTokenizer, loadTokenizer, type Tokenizer } from './tokenizer.ts';
import { TokenizerError } from './tokenizer-files.ts';

for (const folder of modelFolders) {
  describe(`the tokenizer of ${folder}`, needsFolder(folder), () => {
    let tokenizer: Tokenizer;
    beforeAll(() => {
      tokenizer = tokenizerOf(folder);
    });
    it.each(expected.cases)('gives the ids of the Rust library for $text', (example) => {
      expect(tokenizer.encode(example.text)).toEqual(example[folder]);
    });

    it('streams any ids to what they decode to, piece by piece', () => {
      const anyId = fc.nat({ max: tokenizer.vocabularySize + 2 });
      fc.assert(
        fc.property(fc.array(anyId, { maxLength: 40 }), (ids) => {
          const stream = tokenizer.stream();
          const pieces = ids.map((id) => stream.push(id));
          expect(pieces.join('') + stream.flush()).toBe(tokenizer.decode(ids));
        }),
        { numRuns: 200 },
      );
    });

    it('continues a text without a space of its own', () => {
      const [head, tail] = ['Once upon', ' a time, Lily ate.'];
      const ids = [...tokenizer.encode(head), ...tokenizer.encodeContinuation(tail)];
      expect(tokenizer.decode(ids)).toBe(head + tail);
      const joined = [...tokenizer.encode('Lil'), ...tokenizer.encodeContinuation('y')];
      expect(tokenizer.decode(joined)).toBe('Lily');
    });

    it('decodes ids that have no token to nothing', () => {
      expect(tokenizer.decode([tokenizer.vocabularySize + 5])).toBe('');
      expect(tokenizer.decode([])).toBe('');
    });
  });
}

describe('the tokenizer of perfit-nano', () => {
  const tokenizer = tokenizerOf('perfitNano');

  it('knows its special tokens', () => {
    expect(tokenizer.vocabularySize).toBe(4096);
    expect(tokenizer.bosId).toBeNull();
    expect(tokenizer.eosId).toBe(2);
    expect(tokenizer.padId).toBe(3);
    expect([...tokenizer.endIds]).toEqual([2]);
    expect([...tokenizer.specialIds]).toEqual([0, 1, 2, 3]);
    expect(tokenizer.openingIds).toEqual([]);
    expect(tokenizer.chatTemplate).toContain('<|im_start|>');
    expect(tokenizer.decode([1, 333, 265, 2])).toBe('user');
    expect(tokenizer.decode([1, 333, 265, 2], { keepSpecial: true })).toBe('<|im_start|>user<|im_end|>');
  });

  it('gives the ids of a greedy byte-pair encoding written for this test', () => {
    const greedy = greedyByteLevelBpe(readText('perfitNano', 'tokenizer.json') as string);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.lorem()), (text) => {
        fc.pre(!text.includes('<|'));
        expect(tokenizer.encode(text)).toEqual(greedy(text));
      }),
      { numRuns: 120 },
    );
  });

  it('gives every text back, byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text), { keepSpecial: true })).toBe(text);
      }),
    );
  });

  it('never streams half a character', () => {
    const text = 'Ünï 你好 👩‍👩‍👧‍👦 𝔘 e\u0301 done';
    const ids = tokenizer.encode(text);
    expect(ids.length).toBeGreaterThan([...text].length);
    const stream = tokenizer.stream();
    const pieces = ids.map((id) => stream.push(id)).filter((piece) => piece !== '');
    for (const piece of pieces) {
      expect(piece).not.toContain('\uFFFD');
      expect(piece).not.toMatch(/\p{Surrogate}/u);
    }
    expect(pieces.join('')).toBe(text);
  });

  it('gives the bytes of a broken character out only when nothing follows', () => {
    const [firstByte] = tokenizer.encode('你');
    const stream = tokenizer.stream();
    expect(stream.push(firstByte as number)).toBe('');
    expect(stream.flush()).toBe('\uFFFD');
  });
});

describe('the tokenizer of tinystories-656k', needsFolder('tinystories'), () => {
  it('opens a text with its story token and has no chat template', () => {
    const tokenizer = tokenizerOf('tinystories');
    expect(tokenizer.openingIds).toEqual([1]);
    expect(tokenizer.eosId).toBe(2);
    expect(tokenizer.chatTemplate).toBeNull();
  });
});

/** "▁a" 0, "b" 1, the bytes of "é" 2 and 3, "▁" 4, "a" 5. */
const METASPACE = {
  model: {
    type: 'BPE',
    byte_fallback: true,
    unk_token: null,
    vocab: { '▁a': 0, b: 1, '<0xC3>': 2, '<0xA9>': 3, '▁': 4, a: 5, '<s>': 6, '</s>': 7 },
    merges: ['▁ a'],
  },
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: true, prepend_scheme: 'first' },
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
  added_tokens: [
    { id: 6, content: '<s>', special: true, normalized: false },
    { id: 7, content: '</s>', special: true, normalized: false },
  ],
};

describe('a metaspace tokenizer with byte fallback', () => {
  const config = { bos_token: { content: '<s>' }, eos_token: '</s>', add_bos_token: true };
  const tokenizer = createTokenizer({
    'tokenizer.json': JSON.stringify(METASPACE),
    'tokenizer_config.json': JSON.stringify(config),
    'generation_config.json': '{"eos_token_id": [7, 6]}',
  });

  it('puts a space before the first text only', () => {
    expect(tokenizer.encode('a')).toEqual([0]);
    expect(tokenizer.encodeContinuation('a')).toEqual([5]);
    expect(tokenizer.encodeContinuation(' a')).toEqual([0]);
  });

  it('takes unknown characters to bytes and streams them whole', () => {
    expect(tokenizer.encode('aé')).toEqual([0, 2, 3]);
    const stream = tokenizer.stream();
    expect([0, 2, 3, 0].map((id) => stream.push(id))).toEqual(['a', '', 'é', ' a']);
  });

  it('takes special tokens and ends from the configs', () => {
    expect(tokenizer.openingIds).toEqual([6]);
    expect([...tokenizer.endIds].sort()).toEqual([6, 7]);
    expect(tokenizer.padId).toBe(7);
  });
});

describe('a tokenizer with ids that the model has no row for', () => {
  const nano = {
    'tokenizer.json': readText('perfitNano', 'tokenizer.json') as string,
    'tokenizer_config.json': readText('perfitNano', 'tokenizer_config.json') as string,
    'config.json': readText('perfitNano', 'config.json') as string,
  };
  const withToken = (content: string) => {
    const json = JSON.parse(nano['tokenizer.json']);
    json.added_tokens.push({ id: 4096, content, single_word: false, lstrip: false, rstrip: false, special: true });
    return { ...nano, 'tokenizer.json': JSON.stringify(json) };
  };

  it('pads with another id where it is the padding', () => {
    const config = JSON.stringify({ ...JSON.parse(nano['tokenizer_config.json']), pad_token: '[PAD]' });
    const tokenizer = createTokenizer({ ...withToken('[PAD]'), 'tokenizer_config.json': config });
    expect(tokenizer.padId).toBe(tokenizer.eosId);
  });

  it('is refused by the token', () => {
    expect(() => createTokenizer(withToken('<|tool|>'))).toThrow(
      expect.objectContaining({
        code: 'tokenizer-beyond-model',
        message: expect.stringMatching(/<\|tool\|> with the id 4096, but the model's embedding ends at 4095/),
      }),
    );
  });
});

describe('a tokenizer that cannot be used', () => {
  const codeOf = (json: string | undefined, config?: string) => {
    try {
      createTokenizer({ 'tokenizer.json': json, 'tokenizer_config.json': config });
      return null;
    } catch (error) {
      expect(error).toBeInstanceOf(TokenizerError);
      expect((error as Error).message).toMatch(/\.$/);
      return (error as TokenizerError).code;
    }
  };

  it('is a coded error with a sentence', () => {
    expect(codeOf(undefined)).toBe('tokenizer-missing');
    expect(codeOf('{"model"')).toBe('tokenizer-bad-json');
    expect(codeOf('[]')).toBe('tokenizer-bad-json');
    expect(codeOf('{}')).toBe('tokenizer-bad-json');
    expect(codeOf('{"model": {"type": "BPE"}}')).toBe('tokenizer-bad-json');
    expect(codeOf(JSON.stringify({ ...METASPACE, added_tokens: [{ id: 'x' }] }))).toBe('tokenizer-bad-json');
    expect(codeOf('{"model": {"type": "WordPiece", "vocab": {}}}')).toBe('tokenizer-unsupported');
    expect(codeOf(JSON.stringify({ ...METASPACE, decoder: { type: 'Novel' } }))).toBe('tokenizer-unsupported');
    const merged = { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false };
    expect(codeOf(JSON.stringify({ ...METASPACE, pre_tokenizer: merged }))).toBe('tokenizer-unsupported');
    expect(codeOf(JSON.stringify(METASPACE), 'x')).toBe('tokenizer-bad-json');
    expect(codeOf(JSON.stringify(METASPACE))).toBeNull();
  });

  it('is told so by the loader too', async () => {
    const folder = (files: Record<string, string>) => ({
      has: async (name: string) => name in files,
      text: async (name: string) => files[name] as string,
    });
    await expect(loadTokenizer(folder({}))).rejects.toMatchObject({ code: 'tokenizer-missing' });
    const tokenizer = await loadTokenizer(
      folder({ 'tokenizer.json': JSON.stringify(METASPACE), 'chat_template.jinja': '{{ 1 }}' }),
    );
    expect(tokenizer.chatTemplate).toBe('{{ 1 }}');
    expect(tokenizer.eosId).toBe(7);
  });
});

/** Sennrich et al. 2016: merge the pair of lowest rank until none is left. Quadratic, and nothing else than that. */
function greedyByteLevelBpe(tokenizerJson: string): (text: string) => number[] {
  const { model } = JSON.parse(tokenizerJson) as {
    model: { vocab: Record<string, number>; merges: (string | string[])[] };
  };
  const ranks = new Map(model.merges.map((merge, rank) => [Array.isArray(merge) ? merge.join(' ') : merge, rank]));
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  const letters: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) letters.push(String.fromCodePoint(printable(byte) ? byte : next++));
  const whitespace = '\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
  const words = new RegExp(
    `'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?\\p{N}+| ?[^${whitespace}\\p{L}\\p{N}]+|[${whitespace}]+(?![^${whitespace}])|[${whitespace}]+`,
    'gu',
  );
  const encodeWord = (word: string) => {
    const parts = [...new TextEncoder().encode(word)].map((byte) => letters[byte] as string);
    for (;;) {
      let best = -1;
      let bestRank = Number.POSITIVE_INFINITY;
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = ranks.get(`${parts[i]} ${parts[i + 1]}`) ?? Number.POSITIVE_INFINITY;
        if (rank < bestRank) [best, bestRank] = [i, rank];
      }
      if (best < 0) return parts.map((part) => model.vocab[part] as number);
      parts.splice(best, 2, (parts[best] as string) + (parts[best + 1] as string));
    }
  };
  return (text) => (text.match(words) ?? []).flatMap(encodeWord);
}
