import {
  automaticPrecision,
  type BackendDescription,
  CATALOGUE,
  chatMemoryNeeds,
  composedChatBytes,
  deviceBudget,
  fits,
  folderSource,
  type MemoryNeeds,
  type ModelConfig,
  ModelError,
  memoryNeeds,
  modelFolder,
  type PrecisionChoice,
  parseModelConfig,
  planComposed,
  precisionChoices,
  type TuningWish,
  WASM_BUDGET,
} from '@perfit/core';
import { loraSchema } from '@perfit/protocol';
import { buildLayout, type ModelDimensions } from '@perfit/protocol/space';
import { formatBytes } from '../shared/format/format-number.ts';
import { type Backend, deviceReport } from './backend.ts';
import type { CatalogueApi, ModelNeeds, PrecisionNeeds, UseNeeds } from './catalogue-api.ts';
import { outcomeOf } from './failures.ts';

/** S, of a conversation. */
export const CHAT_LENGTH = 2048;

/** A federation as the form proposes it, with texts of some length. */
const { rank, expansion, alpha, targets } = loraSchema.parse({});
const reckoned = { maxLength: 512, batchSize: 1, rank: rank * expansion, contextLength: CHAT_LENGTH } as const;

const layout = (dimensions: ModelDimensions) => buildLayout(dimensions, { rank: reckoned.rank, alpha, targets });

/** Answers what models would need of this device. */
export function catalogueDesk(backend: Backend): CatalogueApi {
  return {
    catalogue: (wish) =>
      outcomeOf(async () => {
        const device = await backend.any(wish);
        const models = CATALOGUE.map(({ config, weightBytes, tokenizerBytes, ...entry }) => ({
          ...entry,
          downloadBytes: weightBytes + tokenizerBytes,
          needs: needsOf(config, device),
        }));
        return { device: await deviceReport(device), budget: budgetOf(device), reckoned, models };
      }),
    assess: (model) =>
      outcomeOf(async () => {
        const config = typeof model === 'string' ? model : await configOf(model);
        return needsOf(parseModelConfig(config), await backend.any());
      }),
  };
}

/** A config.json is looked at before anything else, also where what belongs to it is not there. */
async function configOf(files: readonly File[]): Promise<string> {
  const config = files.find(({ name }) => name === 'config.json');
  return config ? await config.text() : await modelFolder(folderSource(files)).text('config.json');
}

function budgetOf({ limits }: BackendDescription): number | null {
  return limits ? deviceBudget(limits) : null;
}

export function needsOf(config: ModelConfig, device: BackendDescription): ModelNeeds {
  const { modelType, contextLength } = config;
  const budget = budgetOf(device);
  if (budget === null) return { modelType, contextLength, automatic: 'f32', precisions: [processorNeeds(config)] };
  const automatic = automaticPrecision(config, budget, reckoned);
  const use = (needs: MemoryNeeds): UseNeeds => ({ bytes: needs.bytes.total, fit: fits(needs, budget) });
  const precisions = precisionChoices(config).map(({ precision, bytes }) => ({
    precision,
    weightBytes: bytes,
    tuning: use(memoryNeeds(config, { precision, layout, ...reckoned })),
    chat: use(chatMemoryNeeds(config, { precision, contextLength: reckoned.contextLength })),
  }));
  return { modelType, contextLength, automatic, precisions };
}

/** Larger models write a word a second or fewer. */
const bearableOnProcessor = 0.3e9;

/** On the processor models compute in f32, in WebAssembly's memory. */
function processorNeeds(config: ModelConfig): PrecisionNeeds {
  const { precision, bytes } = precisionChoices(config)[0] as PrecisionChoice;
  const { maxLength, batchSize } = reckoned;
  return {
    precision,
    weightBytes: bytes,
    tuning: tuningOnProcessor(config, { layout, batchSize, maxLength: Math.min(maxLength, config.contextLength) }),
    chat: useOnProcessor('Answering', { bytes: composedChatBytes(config), weights: bytes }),
  };
}

/** What a tuning takes there, of the texts and batches that are meant. */
export function tuningOnProcessor(config: ModelConfig, wish: Omit<TuningWish, 'budget'>): UseNeeds {
  const [choice] = precisionChoices(config) as [PrecisionChoice];
  try {
    const { predicted } = planComposed(config, { ...wish, budget: WASM_BUDGET });
    return useOnProcessor('Tuning', { bytes: predicted.total, weights: choice.bytes });
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== 'model-too-large') throw error;
    // Nothing smaller fits: what one text of one token takes is as much as anybody needs to know.
    const { predicted } = planComposed(config, {
      ...wish,
      batchSize: 1,
      maxLength: 1,
      budget: Number.POSITIVE_INFINITY,
    });
    return { bytes: predicted.total, fit: { verdict: 'too large', sentence: error.message } };
  }
}

function useOnProcessor(use: string, { bytes, weights }: { bytes: number; weights: number }): UseNeeds {
  const takes = `The processor computes here, with weights in f32. ${use} takes about ${formatBytes(bytes)} of WebAssembly’s memory`;
  const instead = 'A browser with WebGPU, or a smaller model, would do.';
  if (bytes > WASM_BUDGET) {
    return {
      bytes,
      fit: { verdict: 'too large', sentence: `${takes}, which has ${formatBytes(WASM_BUDGET)}. ${instead}` },
    };
  }
  return weights > bearableOnProcessor
    ? {
        bytes,
        fit: { verdict: 'tight', sentence: `${takes}. There is room, but every word takes its time. ${instead}` },
      }
    : { bytes, fit: { verdict: 'fits', sentence: `${takes}.` } };
}
