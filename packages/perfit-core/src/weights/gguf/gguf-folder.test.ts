import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { needsFile } from '../../../../../testing/needs.ts';
import { realModel } from '../../../test/gguf/real-model.ts';
import { inverseFrequencies, parseModelConfig } from '../../model/config.ts';
import { modelAt } from '../../node/model-at.ts';
import { loadTokenizer } from '../../text/tokenizer.ts';
import { openWeights } from '../safetensors-reader.ts';
import { fileSource } from '../source.ts';
import { readTensor, type TensorEntry } from '../tensor-values.ts';
import { configOf } from './config.ts';
import { readGgufFile } from './gguf-file.ts';
import { ggufFolder } from './gguf-folder.ts';
import { Metadata, type MetadataValue } from './metadata.ts';
import { tokenizerTexts } from './tokenizer.ts';

const fixtures = fileURLToPath(new URL('../../../test/gguf', import.meta.url));
const bytes = readFileSync(`${fixtures}/mixed.gguf`);
const source = fileSource([new File([bytes], 'm.gguf')]);
const folder = ggufFolder(source, 'm.gguf');
const file = () => readGgufFile(source, 'm.gguf');

describe('ggufFolder', () => {
  it('describes the model as config.json does', async () => {
    expect(parseModelConfig(await folder.text('config.json'))).toMatchObject({
      modelType: 'llama',
      layers: 1,
      width: 32,
      heads: 2,
      keyHeads: 1,
      headWidth: 16,
      feedForwardWidth: 64,
      vocabSize: 8,
      contextLength: 64,
      tiedHead: true,
      attentionBias: 'none',
    });
  });

  it('has the tensors under the names of Hugging Face', async () => {
    const { entries } = await openWeights(folder);
    expect([...entries.keys()].sort()).toEqual([
      'model.embed_tokens.weight',
      'model.layers.0.input_layernorm.weight',
      'model.layers.0.mlp.down_proj.weight',
      'model.layers.0.mlp.gate_proj.weight',
      'model.layers.0.mlp.up_proj.weight',
      'model.layers.0.post_attention_layernorm.weight',
      'model.layers.0.self_attn.k_proj.weight',
      'model.layers.0.self_attn.o_proj.weight',
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.0.self_attn.v_proj.weight',
      'model.norm.weight',
    ]);
  });

  it("turns the rows of q and k back, and nobody else's", async () => {
    const { entries } = await openWeights(folder);
    const { tensors } = await file();
    const rowsOf = async (entry: TensorEntry) => {
      const values = await readTensor(source, entry);
      return Array.from({ length: values.length / 32 }, (_, row) => values.subarray(32 * row, 32 * row + 32).join());
    };
    for (const [name, stored] of [
      ['q_proj', 'attn_q'],
      ['k_proj', 'attn_k'],
      ['v_proj', 'attn_v'],
    ] as const) {
      const entry = entries.get(`model.layers.0.self_attn.${name}.weight`) as TensorEntry;
      const { type, start, end, shape } = tensors.get(`blk.0.${stored}.weight`) as NonNullable<
        ReturnType<typeof tensors.get>
      >;
      const inFile = await rowsOf({ name, file: 'm.gguf', dtype: type.name, shape, start, end });
      // convert_hf_to_gguf.py: [heads, 2, d/2, …] with the middle axes exchanged.
      const wanted = inFile.map((_, row) => {
        if (name === 'v_proj') return inFile[row];
        const [head, inHead] = [row - (row % 16), row % 16];
        return inFile[head + 2 * (inHead % 8) + Math.floor(inHead / 8)];
      });
      expect(await rowsOf(entry)).toEqual(wanted);
    }
  });

  it('lists its files, and reads them in ranges', async () => {
    const text = await folder.text('tokenizer_config.json');
    expect(await folder.size('tokenizer_config.json')).toBe(new TextEncoder().encode(text).length);
    expect(new TextDecoder().decode(await folder.range('tokenizer_config.json', 0, 5))).toBe(text.slice(0, 5));
    expect(await folder.has('README.md')).toBe(false);
    await expect(folder.text('README.md')).rejects.toMatchObject({ code: 'weights-missing-file' });
  });

  it('has the tokenizer, its template and what ends an answer', async () => {
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.chatTemplate).toBe("{{ messages[0]['content'] }}<|end|>");
    expect([...tokenizer.endIds]).toEqual([0]);
    expect([...tokenizer.specialIds]).toEqual([0]);
    expect(tokenizer.encode('ab1<|end|><tool>a')).toEqual([4, 6, 0, 1, 2]);
    expect(tokenizer.openingIds).toEqual([]);
  });

  it("cuts a hard text as llama.cpp does, on a real model's tokenizer", needsFile(realModel), async () => {
    const tokenizer = await loadTokenizer(await modelAt(realModel));
    const { texts } = JSON.parse(readFileSync(`${fixtures}/smollm2-ids.json`, 'utf8')) as {
      texts: { text: string; ids: number[] }[];
    };
    expect(texts.length).toBeGreaterThan(10);
    for (const { text, ids } of texts) {
      expect(tokenizer.encode(text), text).toEqual(ids);
      expect(tokenizer.decode(ids, { keepSpecial: true })).toBe(text);
    }
  });

  it('is found by its file, or by the folder that it is alone in', needsFile(realModel), async () => {
    const [byFile, byFolder] = await Promise.all([modelAt(realModel), modelAt(dirname(realModel))]);
    expect(await byFolder.text('config.json')).toBe(await byFile.text('config.json'));
    expect(byFile.describe()).toContain(basename(realModel));
  });
});

describe('what a GGUF file says of its model', () => {
  const changed = async (changes: Record<string, MetadataValue | undefined>) => {
    const original = await file();
    const entries = new Map(original.metadata.entries);
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    return { ...original, metadata: new Metadata(original.name, entries) };
  };

  it.each<[string, Record<string, MetadataValue | undefined>, string, RegExp]>([
    ['another architecture', { 'general.architecture': 'mamba' }, 'weights-unsupported-architecture', /mamba/],
    ['no width', { 'llama.embedding_length': undefined }, 'weights-invalid-header', /no llama\.embedding_length/],
    // JSON has no such numbers: a default would stand in their place.
    [
      'an epsilon that is no number',
      { 'llama.attention.layer_norm_rms_epsilon': Number.NaN },
      'weights-invalid-header',
      /layer_norm_rms_epsilon is not a number/,
    ],
    [
      'an infinite frequency',
      { 'llama.rope.freq_base': Number.POSITIVE_INFINITY },
      'weights-invalid-header',
      /freq_base is not a number/,
    ],
    ['an adapter', { 'general.type': 'adapter' }, 'weights-unsupported-architecture', /calls itself "?adapter/],
    ['a part', { 'split.count': 3 }, 'weights-unsupported-architecture', /one of 3 parts/],
    [
      'scaled logits',
      { 'llama.logit_scale': 0.0625 },
      'weights-unsupported-architecture',
      /llama\.logit_scale 0\.0625/,
    ],
  ])('%s is refused by name', async (_, changes, code, message) => {
    const gguf = await changed(changes);
    expect(() => configOf(gguf, null)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it.each<[string, Record<string, MetadataValue | undefined>, string, RegExp]>([
    ['a SentencePiece tokenizer', { 'tokenizer.ggml.model': 'llama' }, 'weights-unsupported-tokenizer', /kind llama/],
    ['an unknown way to cut text', { 'tokenizer.ggml.pre': 'tekken' }, 'weights-unsupported-tokenizer', /tekken/],
    ['no way to cut text', { 'tokenizer.ggml.pre': undefined }, 'weights-unsupported-tokenizer', /does not say/],
    ['an end that is no token', { 'tokenizer.ggml.eos_token_id': 8 }, 'weights-invalid-header', /names token 8/],
    ['types of other tokens', { 'tokenizer.ggml.token_type': [1] }, 'weights-invalid-header', /8 tokens but 1 types/],
    ['a merge of one', { 'tokenizer.ggml.merges': ['ab'] }, 'weights-invalid-header', /"ab"/],
  ])('%s is refused by name', async (_, changes, code, message) => {
    const gguf = await changed(changes);
    expect(() => tokenizerTexts(gguf)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('knows llama3’s rule by its factors, as transformers names it', async () => {
    // The rule as llama.cpp's converter has it, written down once more; no file of such a model is to be had here.
    const opened = await file();
    const plain = JSON.parse(JSON.stringify(configOf(opened, null)));
    const half = 8;
    const wavelength = (i: number) => 2 * Math.PI * plain.rope_theta ** (i / half);
    const smooth = (i: number) => (8192 / wavelength(i) - 1) / 3;
    const ruled = (i: number) =>
      wavelength(i) < 2048 ? 1 : wavelength(i) > 8192 ? 32 : 1 / ((1 - smooth(i)) / 32 + smooth(i));
    const factors = Float32Array.from({ length: half }, (_, i) => ruled(i));
    expect(configOf(opened, factors).rope_scaling).toEqual({
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
    factors[3] = 1.5;
    expect(configOf(opened, factors).rope_scaling).toMatchObject({ rope_type: 'factors' });
  });

  it('stretches the frequencies by the factors of the file, whatever rule they came of', async () => {
    const factors = Float32Array.from({ length: 8 }, (_, i) => 1 + i);
    const config = parseModelConfig(JSON.stringify(configOf(await file(), factors)));
    const plain = inverseFrequencies(parseModelConfig(JSON.stringify(configOf(await file(), null))));
    expect([...inverseFrequencies(config)]).toEqual([...plain].map((frequency, i) => frequency / (1 + i)));
  });

  it.each([
    ['scaling that is not followed', { 'llama.rope.scaling.type': 'yarn', 'llama.rope.scaling.factor': 4 }, /yarn/],
    ['a window', { 'llama.attention.sliding_window': 16 }, /sliding_window/],
    ['experts', { 'llama.expert_count': 8 }, /num_experts/],
    ['features that do not turn', { 'llama.rope.dimension_count': 8 }, /partial_rotary_factor/],
  ])('%s is refused as in a config.json', async (_, changes, message) => {
    const json = JSON.stringify(configOf(await changed(changes), null));
    expect(() => parseModelConfig(json)).toThrow(message);
  });
});
