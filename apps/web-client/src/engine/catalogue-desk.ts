import {
  automaticPrecision,
  type BackendDescription,
  CATALOGUE,
  chatMemoryNeeds,
  deviceBudget,
  type Fit,
  fits,
  folderSource,
  type MemoryNeeds,
  type ModelConfig,
  memoryNeeds,
  modelFolder,
  type PrecisionChoice,
  parseModelConfig,
  precisionChoices,
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
        const config = typeof model === 'string' ? model : await modelFolder(folderSource(model)).text('config.json');
        return needsOf(parseModelConfig(config), await backend.any());
      }),
  };
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

/** WebAssembly addresses 4 GB, of which the weights may have a part. */
const mostOnProcessor = 1.5e9;
/** Larger ones write a word a second or fewer. */
const bearableOnProcessor = 0.3e9;

/** On the processor models compute in f32, through a tape: a bound by the weights alone. */
export function processorNeeds(config: ModelConfig): PrecisionNeeds {
  const { precision, bytes } = precisionChoices(config)[0] as PrecisionChoice;
  const weights = formatBytes(bytes);
  const takes = `The processor computes here, and holds the weights in f32: ${weights}`;
  const instead = 'A browser with WebGPU, or a smaller model, would do.';
  const fit: Fit =
    bytes > mostOnProcessor
      ? { verdict: 'too large', sentence: `${takes}, more than WebAssembly has room for. ${instead}` }
      : bytes > bearableOnProcessor
        ? { verdict: 'tight', sentence: `${takes}. There is room, but every word takes its time. ${instead}` }
        : { verdict: 'fits', sentence: `${takes}.` };
  const use = { bytes, fit };
  return { precision, weightBytes: bytes, tuning: use, chat: use };
}
