import {
  automaticPrecision,
  type BackendDescription,
  CATALOGUE,
  chatMemoryNeeds,
  deviceBudget,
  fits,
  folderSource,
  type MatrixFormats,
  type MemoryNeeds,
  type MemoryPlan,
  type ModelConfig,
  ModelError,
  memoryNeeds,
  PRECISIONS,
  type Precision,
  type PrecisionChoice,
  parameterCount,
  parseModelConfig,
  planOnProcessor,
  precisionChoices,
  processorPrecision,
  type RoundedPrecision,
  type TuningWish,
  WASM_BUDGET,
} from '@perfit/core';
import { loraSchema } from '@perfit/protocol';
import { buildLayout, type ModelDimensions } from '@perfit/protocol/space';
import type {
  AssessedModel,
  CatalogueApi,
  ModelNeeds,
  PrecisionNeeds,
  UseNeeds,
} from '../../contract/catalogue-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { type Backend, deviceReport } from '../device/backend.ts';
import { outcomeOf } from '../failures.ts';
import { type DescribedModel, describedModel } from './described-model.ts';
import { mirrorOf } from './open-files.ts';

/** A federation as the form proposes it, with texts of some length. */
const { rank, expansion, alpha, targets } = loraSchema.parse({});
const reckoned = { maxLength: 512, batchSize: 1, rank: rank * expansion, contextLength: 2048 } as const;

const layout = (dimensions: ModelDimensions) => buildLayout(dimensions, { rank: reckoned.rank, alpha, targets });

/** Answers what models would need of this device. */
export function catalogueService(backend: Backend): CatalogueApi {
  return {
    catalogue: (wish) =>
      outcomeOf(async () => {
        const device = await backend.any(wish);
        const models = CATALOGUE.map(({ config, weightBytes, tokenizerBytes, ...entry }) => ({
          ...entry,
          downloadBytes: weightBytes + tokenizerBytes,
          needs: needsOf(config, device, null),
        }));
        return { device: await deviceReport(device), budget: budgetOf(device), reckoned, models };
      }),
    assess: (model) =>
      outcomeOf(async () => {
        const { config, inFile } = await lookedAt(model);
        return needsOf(config, await backend.any(), inFile);
      }),
  };
}

async function lookedAt(model: AssessedModel): Promise<DescribedModel> {
  if ('mirrored' in model) {
    return await describedModel(mirrorOf(model.mirrored));
  }
  // A config.json is looked at before anything else, also where what belongs to it is not there.
  const config = model.files.find(({ name }) => name === 'config.json');
  if (config) return { config: parseModelConfig(await config.text()), inFile: null };
  return await describedModel(folderSource(model.files));
}

function budgetOf({ limits }: BackendDescription): number | null {
  return limits ? deviceBudget(limits) : null;
}

/** What a model that is in no blocks is opened in on a device where nobody chooses. */
export function automaticOn({ limits }: BackendDescription, config: ModelConfig): RoundedPrecision {
  return limits ? automaticPrecision(config, deviceBudget(limits), reckoned) : processorPrecision(config);
}

export function needsOf(config: ModelConfig, device: BackendDescription, inFile: MatrixFormats | null): ModelNeeds {
  const { modelType, contextLength } = config;
  const automatic = inFile ? 'file' : automaticOn(device, config);
  const budget = budgetOf(device);
  if (budget === null) {
    const precisions = precisionChoices(config, inFile).map((choice) => processorNeeds(config, choice, inFile));
    return { modelType, contextLength, automatic, precisions };
  }
  const use = (needs: MemoryNeeds): UseNeeds => ({ bytes: needs.bytes.total, fit: fits(needs, budget) });
  const precisions = precisionChoices(config, inFile).map(({ precision, held, bytes }) => ({
    precision,
    weightBytes: bytes,
    tuning: use(memoryNeeds(config, { held, layout, ...reckoned })),
    chat: use(chatMemoryNeeds(config, { held, contextLength: reckoned.contextLength })),
  }));
  return { modelType, contextLength, automatic, precisions };
}

/** Parameters: larger models write a few words a second. */
const bearableOnProcessor = 0.3e9;

/** On the processor weights lie in WebAssembly's memory. */
function processorNeeds(
  config: ModelConfig,
  { precision, held, bytes }: PrecisionChoice,
  inFile: MatrixFormats | null,
): PrecisionNeeds {
  const { batchSize, contextLength } = reckoned;
  const maxLength = Math.min(reckoned.maxLength, config.contextLength);
  const chat = chatMemoryNeeds(config, { held, contextLength, programs: 'wasm' });
  const { plan: _, ...tuning } = tuningOnProcessor(config, { layout, batchSize, maxLength, precision }, inFile);
  return {
    precision,
    weightBytes: bytes,
    tuning,
    chat: useOnProcessor('Answering', { bytes: chat.bytes.total, precision, config }),
  };
}

/** What a tuning takes there, of the texts and batches that are meant, and how it would be fitted in; null where it does not fit. */
export function tuningOnProcessor(
  config: ModelConfig,
  wish: Omit<TuningWish, 'budget'>,
  inFile: MatrixFormats | null,
): UseNeeds & { readonly plan: MemoryPlan | null } {
  try {
    const plan = planOnProcessor(config, { ...wish, budget: WASM_BUDGET }, { inFile });
    const { predicted, precision } = plan;
    return { ...useOnProcessor('Tuning', { bytes: predicted.total, precision, config }), plan };
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== 'model-too-large') throw error;
    const { predicted } = planOnProcessor(config, { ...wish, budget: WASM_BUDGET, orLeast: true }, { inFile });
    return { bytes: predicted.total, fit: { verdict: 'too large', sentence: error.message }, plan: null };
  }
}

function useOnProcessor(
  use: string,
  { bytes, precision, config }: { bytes: number; precision: Precision; config: ModelConfig },
): UseNeeds {
  const takes = `The processor computes here, with weights ${precision === 'file' ? 'as in the file' : `in ${precision}`}. ${use} takes about ${formatBytes(bytes)} of WebAssembly’s memory`;
  const elsewhere = 'A browser with WebGPU, or a smaller model, would do.';
  if (bytes > WASM_BUDGET) {
    const fitting = processorPrecision(config);
    const coarser = precision !== 'file' && PRECISIONS.indexOf(fitting) > PRECISIONS.indexOf(precision);
    const instead = coarser ? `Weights in ${fitting} take less. ${elsewhere}` : elsewhere;
    return {
      bytes,
      fit: { verdict: 'too large', sentence: `${takes}, which has ${formatBytes(WASM_BUDGET)}. ${instead}` },
    };
  }
  return parameterCount(config) > bearableOnProcessor
    ? {
        bytes,
        fit: { verdict: 'tight', sentence: `${takes}. There is room, but every word takes its time. ${elsewhere}` },
      }
    : { bytes, fit: { verdict: 'fits', sentence: `${takes}.` } };
}
