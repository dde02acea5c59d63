import { buildLayout, type ModelDimensions, PROJECTIONS } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { inverseFrequencies } from '../model/config.ts';
import { syntheticSource } from '../model/synthetic-source.ts';
import { automaticPrecision } from './automatic-precision.ts';
import { CATALOGUE, type CatalogueModel } from './catalogue.ts';
import { fits } from './fits.ts';
import { chatMemoryNeeds, memoryNeeds, precisionChoices } from './memory-needs.ts';
import { PUBLISHED_CONFIGS } from './published-configs.ts';

const GB = 1e9;
const layout = (dimensions: ModelDimensions) => buildLayout(dimensions, { rank: 16, alpha: 16, targets: PROJECTIONS });
const tuning = { held: 'f16', maxLength: 512, batchSize: 1, layout } as const;

function find(id: CatalogueModel['id']): CatalogueModel {
  return CATALOGUE.find((model) => model.id === id) as CatalogueModel;
}

describe('the catalogue', () => {
  it.each(CATALOGUE)(
    '$name: the published file has as many numbers as its config implies',
    async ({ id, weightBytes }) => {
      const size = await syntheticSource(PUBLISHED_CONFIGS[id]).size('model.safetensors');
      // Qwen3-0.6B is published with its head, which is the embedding once more.
      const head = id === 'qwen3-0.6b' ? 2 * 151_936 * 1024 : 0;
      expect(Math.abs(weightBytes - size - head)).toBeLessThan(64 * 1024);
    },
  );

  it('stretches the low frequencies of Llama 3.2 as its config says', () => {
    const { config } = find('llama-3.2-1b');
    expect(config.ropeScaling).toEqual({
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextLength: 8192,
    });
    const stretched = inverseFrequencies(config);
    const plain = inverseFrequencies({ ...config, ropeScaling: null });
    expect(stretched[0]).toBe(plain[0]);
    expect(stretched.at(-1)).toBeCloseTo((plain.at(-1) as number) / 32, 12);
  });

  it('says which models are only for those who accepted a licence', () => {
    expect(CATALOGUE.filter(({ licence }) => licence.gated).map(({ id }) => id)).toEqual(['llama-3.2-1b']);
  });
});

describe('precisionChoices', () => {
  it('holds the weights in half, a quarter and an eighth of f32, and the scales', () => {
    const [f32, f16, int8, int4] = precisionChoices(find('smollm2-360m').config, null).map(({ bytes }) => bytes);
    const of = (bytes: number | undefined) => (bytes as number) / (f32 as number);
    expect(of(f16)).toBeCloseTo(0.5, 2);
    expect(of(int8)).toBeCloseTo(0.25 + 1 / 64, 2);
    expect(of(int4)).toBeCloseTo(0.125 + 1 / 64, 2);
  });
});

describe('automaticPrecision', () => {
  const of = (id: CatalogueModel['id'], gigabytes: number) =>
    automaticPrecision(find(id).config, gigabytes * GB, { contextLength: 2048 });

  it('is what the authors published where that fits, and coarser where it does not', () => {
    expect([of('smollm2-135m', 1.6), of('llama-3.2-1b', 6)]).toEqual(['f16', 'f16']);
    expect([of('llama-3.2-1b', 2.4), of('llama-3.2-1b', 1)]).toEqual(['int8', 'int4']);
  });
});

describe('fits', () => {
  const small = find('smollm2-135m').config;
  const large = find('llama-3.2-1b').config;

  it('lets a small model pass', () => {
    expect(fits(memoryNeeds(small, tuning), 1.6 * GB)).toEqual({
      verdict: 'fits',
      sentence: expect.stringMatching(
        /^Tuning with f16 weights takes about 0\.\d GB .*; about 1\.6 GB are counted on here\.$/,
      ),
    });
  });

  it('calls tight what leaves less than a fifth, and says what would leave more', () => {
    const needs = chatMemoryNeeds(small, { held: 'f16', contextLength: 2048 });
    const { verdict, sentence } = fits(needs, 1.1 * needs.bytes.total);
    expect(verdict).toBe('tight');
    expect(sentence).toMatch(/Close other tabs and programs first\. With int8 weights it would take 0\.\d GB\.$/);
  });

  it.each([
    [memoryNeeds(large, tuning), 2 * GB, /With int4 weights it would take 1\.\d GB\.$/],
    [memoryNeeds(large, { ...tuning, held: 'int4' }), 1 * GB, /With texts of \d+ tokens it would take 0\.\d GB\.$/],
    [memoryNeeds(small, { ...tuning, batchSize: 32 }), 1 * GB, /With one text at a time it would take 0\.\d GB\.$/],
    [chatMemoryNeeds(large, { held: 'int4', contextLength: 8192 }), 1.6 * GB, /conversations of 2048 tokens/],
    [
      memoryNeeds(large, tuning),
      0.5 * GB,
      /With int4 weights and texts of 64 tokens it would still take 0\.\d GB: choose a smaller model\.$/,
    ],
  ])('says what would fit where it is too large (%#)', (needs, budget, words) => {
    const { verdict, sentence } = fits(needs, budget);
    expect(verdict).toBe('too large');
    expect(sentence).toMatch(words);
  });

  it('offers only what fits', () => {
    for (const { config } of CATALOGUE) {
      for (const budget of [0.3, 0.6, 1, 1.6, 3].map((gigabytes) => gigabytes * GB)) {
        const { verdict, sentence } = fits(memoryNeeds(config, tuning), budget);
        const offered = /it would take ([\d.]+) GB\.$/.exec(sentence)?.[1];
        if (verdict === 'too large' && offered) expect(Number(offered) * GB).toBeLessThan(budget + 0.05 * GB);
      }
    }
  });
});
