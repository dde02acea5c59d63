export type { LocalTuner } from '@perfit/protocol/tuner';
export { exportPeft, importPeft, type PeftFiles, peftSpace } from './adapter/peft.ts';
export { type BackendDescription, selectBackend } from './backend/select-backend.ts';
export { afterWasmFailure } from './backend/wasm-backend.ts';
export { automaticPrecision } from './catalogue/automatic-precision.ts';
export { CATALOGUE } from './catalogue/catalogue.ts';
export { type Fit, fits } from './catalogue/fits.ts';
export {
  chatMemoryNeeds,
  type MemoryNeeds,
  memoryNeeds,
  type PrecisionChoice,
  precisionChoices,
} from './catalogue/memory-needs.ts';
export { workPerToken } from './catalogue/tuning-work.ts';
export { ggufModel } from './export/gguf/gguf-model.ts';
export type { GgufType } from './export/gguf/tensor-plan.ts';
export { mergedModel } from './export/merge.ts';
export { type StreamedFile, wholeFile } from './export/streamed-file.ts';
export {
  type ChatEnd,
  type ChatOptions,
  type ChatPiece,
  Conversation,
  defaultChatOptions,
} from './generation/conversation.ts';
export { AdapterTensors } from './model/adapter-tensors.ts';
export { dimensions, inverseFrequencies, type ModelConfig, parameterCount, parseModelConfig } from './model/config.ts';
export type { LanguageModel } from './model/language-model.ts';
export {
  formatsInFile,
  type LoadModelOptions,
  loadModel,
  planOnProcessor,
  planTuning,
  processorPrecision,
} from './model/load-model.ts';
export { ModelError } from './model/model-error.ts';
export { type NamedWeight, namedWeights } from './model/named-weights.ts';
export type { MatrixFormats } from './model/packed/matrix-formats.ts';
export {
  deviceBudget,
  type MemoryPlan,
  planSentence,
  type TuningWish,
  tuningBudget,
  WASM_BUDGET,
} from './model/packed/plan-memory.ts';
export { PRECISIONS, type Precision, type RoundedPrecision } from './ops/packed-matrix/formats.ts';
export { compareModels } from './parity/compare-models.ts';
export { loadParityFixture, type ParityFixture } from './parity/fixture.ts';
export type { OtherGradient, OtherModel, OtherTuning } from './parity/other-model.ts';
export { type ParityCheck, runParity } from './parity/run-parity.ts';
export { answerQuestion, type GivenAnswer } from './quality/answer-question.ts';
export { type Question, questionOf } from './quality/question.ts';
export { type AutotuneShape, applyChoices, autotune } from './speed/autotune.ts';
export { probeSpeed } from './speed/probe-speed.ts';
export { type Timing, timeRuns } from './speed/timing.ts';
export { ChatFormat } from './text/chat-template.ts';
export { DataError } from './text/data-error.ts';
export {
  COLUMN_ROLES,
  type ColumnMapping,
  type ColumnRole,
  type ColumnRoles,
  type DatasetColumn,
} from './text/dataset-columns.ts';
export { checkDatasetSize } from './text/dataset-file.ts';
export {
  admitFiles,
  type DatasetFile,
  type ParsedFiles,
  parseDatasetFiles,
  unreadable,
} from './text/dataset-files.ts';
export { parseDataset } from './text/datasets.ts';
export type {
  ChatMessage,
  Example,
} from './text/example.ts';
export {
  type ExampleLength,
  type TokenizedDataset,
  type TokenizedExample,
  tokenizeExamples,
} from './text/examples.ts';
export { type ResponsePiece, responsePieces } from './text/response-pieces.ts';
export { splitExamples } from './text/split.ts';
export { templateNotes } from './text/template-notes.ts';
export type { TokenBatch } from './text/token-batch.ts';
export { type TokenizedSplit, type TokenizeSplitOptions, tokenizeSplit } from './text/tokenize-split.ts';
export { loadTokenizer, type Tokenizer } from './text/tokenizer.ts';
export { takeValidation } from './text/validation.ts';
export { type BestEpochProgress, tuneForBest } from './training/best-epoch.ts';
export { evaluate } from './training/evaluate.ts';
export { labelOutcomes, type TokenOutcomes } from './training/label-outcomes.ts';
export { createLocalTuner } from './training/local-tuner.ts';
export { type Recipe, rateRecipe, recipeFor } from './training/recipes.ts';
export {
  type OpenedTuner,
  type RecoveringTuner,
  type Recovery,
  recoveringTuner,
} from './training/recovering-tuner.ts';
export { MAX_THREADS, type Thread } from './wasm/threads.ts';
export { type CachedSource, cachedSource } from './weights/cache/cached-source.ts';
export type { PartStore, WithLock } from './weights/cache/part-store.ts';
export { partCount } from './weights/cache/parts.ts';
export type { ObservedGet, RetryOptions } from './weights/fetch-with-retry.ts';
export { folderSource } from './weights/folder-source.ts';
export { HUB_URL, type HubRevision, type HubSource, hubSource, repositoryProblem } from './weights/hub-source.ts';
export { type ListedSource, type ManifestFile, type ModelManifest, PART_BYTES } from './weights/manifest.ts';
export { mirrorSource } from './weights/mirror-source.ts';
export { isGguf } from './weights/model-files.ts';
export { modelFolder } from './weights/model-folder.ts';
export { httpSource, type ModelSource } from './weights/source.ts';
export type { FloatDtype } from './weights/tensor-values.ts';
export { WeightsError } from './weights/weights-error.ts';
export type { Choices } from './wgsl/choices.ts';
