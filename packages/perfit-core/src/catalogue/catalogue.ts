import { type ModelConfig, parseModelConfig } from '../model/config.ts';
import { PUBLISHED_CONFIGS, type PublishedModel } from './published-configs.ts';

/** A model that people can take before they know of any other. */
export interface CatalogueModel {
  readonly id: PublishedModel;
  readonly name: string;
  /** On the Hugging Face Hub. */
  readonly repository: string;
  readonly licence: {
    readonly name: string;
    readonly url: string;
    /** The Hub gives it out only to an account that has accepted the licence: with a token. */
    readonly gated: boolean;
  };
  /** One sentence: what it is good at. */
  readonly goodAt: string;
  readonly languages: string;
  /** model.safetensors, in BF16 as published. */
  readonly weightBytes: number;
  /** tokenizer.json; the other files are a few kilobytes. */
  readonly tokenizerBytes: number;
  readonly config: ModelConfig;
}

const apache = 'https://www.apache.org/licenses/LICENSE-2.0';

/**
 * Smallest first. Sizes are those of the repositories at the time of writing, as others have listed them: nothing was
 * fetched for this table. A loader goes by what the source says.
 */
export const CATALOGUE: readonly CatalogueModel[] = [
  {
    id: 'smollm2-135m',
    name: 'SmolLM2 135M Instruct',
    repository: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    licence: { name: 'Apache 2.0', url: apache, gated: false },
    goodAt: 'Short answers and rewording; small enough to tune on a phone or an old laptop.',
    languages: 'English',
    weightBytes: 269_060_552,
    tokenizerBytes: 2_104_556,
    config: configOf('smollm2-135m'),
  },
  {
    id: 'smollm2-360m',
    name: 'SmolLM2 360M Instruct',
    repository: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    licence: { name: 'Apache 2.0', url: apache, gated: false },
    goodAt: 'Everyday instructions, summaries and rewriting, with little memory.',
    languages: 'English',
    weightBytes: 723_674_912,
    tokenizerBytes: 2_104_556,
    config: configOf('smollm2-360m'),
  },
  {
    id: 'qwen2.5-0.5b',
    name: 'Qwen2.5 0.5B Instruct',
    repository: 'Qwen/Qwen2.5-0.5B-Instruct',
    licence: {
      name: 'Apache 2.0',
      url: 'https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct/blob/main/LICENSE',
      gated: false,
    },
    goodAt: 'Instructions, tables and JSON in many languages; the usual choice for text that is not English.',
    languages: '29, among them English, Chinese, Spanish, French, German, Japanese and Arabic',
    weightBytes: 988_097_824,
    tokenizerBytes: 7_031_645,
    config: configOf('qwen2.5-0.5b'),
  },
  {
    id: 'qwen3-0.6b',
    name: 'Qwen3 0.6B',
    repository: 'Qwen/Qwen3-0.6B',
    licence: { name: 'Apache 2.0', url: 'https://huggingface.co/Qwen/Qwen3-0.6B/blob/main/LICENSE', gated: false },
    goodAt: 'Questions that need a few steps of reasoning, which it writes down before it answers.',
    languages: 'more than 100',
    // A fifth of it is the head, which is stored although it is the embedding.
    weightBytes: 1_503_300_328,
    tokenizerBytes: 11_422_654,
    config: configOf('qwen3-0.6b'),
  },
  {
    id: 'tinyllama-1.1b',
    name: 'TinyLlama 1.1B Chat',
    repository: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
    licence: { name: 'Apache 2.0', url: apache, gated: false },
    goodAt: 'Conversation and stories; an older model that much published work compares with.',
    languages: 'English',
    weightBytes: 2_200_119_864,
    tokenizerBytes: 1_842_767,
    config: configOf('tinyllama-1.1b'),
  },
  {
    id: 'llama-3.2-1b',
    name: 'Llama 3.2 1B Instruct',
    repository: 'meta-llama/Llama-3.2-1B-Instruct',
    licence: {
      name: 'Llama 3.2 Community Licence',
      url: 'https://huggingface.co/meta-llama/Llama-3.2-1B-Instruct/blob/main/LICENSE.txt',
      gated: true,
    },
    goodAt: 'Summaries, rewriting and conversation; the best writer here, and the one that needs the most memory.',
    languages: 'English, German, French, Italian, Portuguese, Hindi, Spanish and Thai',
    weightBytes: 2_471_645_608,
    tokenizerBytes: 9_085_657,
    config: configOf('llama-3.2-1b'),
  },
];

function configOf(id: PublishedModel): ModelConfig {
  return parseModelConfig(JSON.stringify(PUBLISHED_CONFIGS[id]));
}
