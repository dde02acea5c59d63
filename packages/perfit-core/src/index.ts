export { AdapterError, type AdapterErrorCode } from './adapter/adapter-error.ts';
export { exportPeft, importPeft, type PeftExport, type PeftFiles, peftSpace } from './adapter/peft.ts';
export { BackendError, type BackendErrorCode } from './backend/backend-error.ts';
export { type BackendDescription, type BackendOptions, selectBackend } from './backend/select-backend.ts';
export type { WasmPaths } from './backend/wasm-backend.ts';
export type { AdapterDescription, DeviceLimits } from './backend/webgpu-device.ts';
export { type AutotuneShape, applyChoices, autotune } from './bench/autotune.ts';
export { MODEL_SHAPES, type ModelShape } from './bench/model-shapes.ts';
export { type ProbeOptions, type ProbeShape, probeSpeed } from './bench/probe-speed.ts';
export { type BenchReport, type BenchWish, comparedTasks, runBench, runPeaks } from './bench/run-bench.ts';
export {
  ourSide,
  type SharedArray,
  type SharedAttention,
  type SharedMatmul,
  type SharedStep,
  type SharedTask,
  type Side,
} from './bench/shared-tasks.ts';
export { type Timing, timeRuns, type Written } from './bench/timing.ts';
export { automaticPrecision } from './catalogue/automatic-precision.ts';
export { CATALOGUE, type CatalogueModel } from './catalogue/catalogue.ts';
export { type Fit, fits, type Verdict } from './catalogue/fits.ts';
export {
  type ChatChoice,
  chatMemoryNeeds,
  type MemoryNeeds,
  memoryNeeds,
  type PrecisionChoice,
  precisionChoices,
  type TuningChoice,
} from './catalogue/memory-needs.ts';
export { type WorkPerToken, type WorkShape, workPerToken } from './catalogue/tuning-work.ts';
export { ExportError, type ExportErrorCode } from './export/export-error.ts';
export { type GgufOptions, ggufModel } from './export/gguf/gguf-model.ts';
export type { GgufType } from './export/gguf/tensor-plan.ts';
export { type MergeOptions, mergedModel } from './export/merge.ts';
export { SLAB_BYTES, type TunedModel } from './export/merged-weights.ts';
export { type StreamedFile, wholeFile } from './export/streamed-file.ts';
export {
  type ChatEnd,
  type ChatOptions,
  type ChatPiece,
  type ChatRequest,
  chat,
  DEFAULT_CHAT_OPTIONS,
} from './generation/chat.ts';
export { GenerationError, type GenerationErrorCode } from './generation/generation-error.ts';
export {
  drawToken,
  penalizeRepetition,
  type SamplingOptions,
  type TokenDistribution,
  tokenDistribution,
} from './generation/sampling.ts';
export { AdapterTensors } from './model/adapter-tensors.ts';
export {
  dimensions,
  inverseFrequencies,
  type ModelConfig,
  type ModelType,
  parameterCount,
  parseModelConfig,
} from './model/config.ts';
export type { KvCache, LanguageModel, LossAndGradient, TokenRows } from './model/language-model.ts';
export { type LoadModelOptions, loadModel, planTuning } from './model/load-model.ts';
export { ModelError, type ModelErrorCode } from './model/model-error.ts';
export { type NamedWeight, namedWeights } from './model/named-weights.ts';
export { deviceBudget, type MemoryPlan, type TuningWish } from './model/packed/plan-memory.ts';
export { PRECISIONS, type Precision } from './ops/packed-matrix/formats.ts';
export { compareModels } from './parity/compare-models.ts';
export { loadParityFixture, type ParityFixture } from './parity/fixture.ts';
export type { OpenOther, OtherGradient, OtherModel, OtherTuning } from './parity/other-model.ts';
export { ParityError, type ParityErrorCode } from './parity/parity-error.ts';
export { type ParityCheck, type ParityOptions, type ParitySubmission, runParity } from './parity/run-parity.ts';
export { keepHighest } from './search/keep-highest.ts';
export {
  type MaskSearch,
  type PruneProgress,
  type PruneStart,
  type PruneStep,
  searchMask,
} from './search/search-mask.ts';
export { type BatchOptions, bucketLength, makeBatches } from './text/batches.ts';
export {
  ChatFormat,
  ChatTemplateError,
  type ChatTemplateErrorCode,
  type ConversationRow,
  type PromptMessage,
  type Segment,
} from './text/chat-template.ts';
export { DataError, type DataErrorCode } from './text/data-error.ts';
export {
  COLUMN_ROLES,
  type ColumnMapping,
  type ColumnRole,
  type ColumnRoles,
  type DatasetColumn,
} from './text/dataset-columns.ts';
export { checkDatasetSize, LARGEST_DATASET_BYTES } from './text/dataset-file.ts';
export {
  admitFiles,
  type DatasetFile,
  type DatasetProblem,
  FEWEST_EXAMPLES,
  MOST_FILES,
  MOST_PROBLEMS,
  type ParsedFile,
  type ParsedFiles,
  parseDatasetFiles,
  unreadable,
} from './text/dataset-files.ts';
export type { DatasetFormat } from './text/dataset-reading.ts';
export type { RecordProblemCode } from './text/dataset-records.ts';
export { type ParsedDataset, parseDataset } from './text/datasets.ts';
export type {
  ChatMessage,
  ContinuationExample,
  ConversationExample,
  Example,
  InstructionExample,
  Role,
} from './text/example.ts';
export { exampleKey } from './text/example-key.ts';
export {
  type DroppedExample,
  type ExampleLength,
  encodePrompt,
  NO_LOSS,
  type TokenizedDataset,
  type TokenizedExample,
  type TokenizeOptions,
  tokenizeExamples,
} from './text/examples.ts';
export { type ResponsePiece, responsePieces } from './text/response-pieces.ts';
export { type ExampleSplit, FEWEST_HELD_OUT, type SplitOptions, splitExamples } from './text/split.ts';
export type { TextStream } from './text/text-stream.ts';
export { type TokenizedSplit, type TokenizeSplitOptions, tokenizeSplit } from './text/tokenize-split.ts';
export { createTokenizer, loadTokenizer, type Tokenizer } from './text/tokenizer.ts';
export {
  TOKENIZER_FILE_NAMES,
  TokenizerError,
  type TokenizerErrorCode,
  type TokenizerFiles,
} from './text/tokenizer-files.ts';
export { takeValidation } from './text/validation.ts';
export type { AdamWSettings, AdamWState } from './training/adamw.ts';
export { type Evaluation, type EvaluationOptions, evaluate } from './training/evaluate.ts';
export { type LabelLossOptions, labelLosses } from './training/label-losses.ts';
export {
  createLocalTuner,
  type LocalSearchProgress,
  type LocalSearchSettings,
  type LocalSearchStart,
  type LocalTunerOptions,
  type LocalTuningSettings,
  type LocalTuningStart,
  type ModelTuner,
  type SearchCheckpoint,
} from './training/local-tuner.ts';
export { perplexity } from './training/perplexity.ts';
export {
  type OpenedTuner,
  type Revival,
  type RevivingTuner,
  type RevivingTunerOptions,
  revivingTuner,
} from './training/reviving-tuner.ts';
export type { TokenBatch } from './training/token-batch.ts';
export { TrainingError, type TrainingErrorCode } from './training/training-error.ts';
export type { TuneProgress, TuneResult, TuneSettings } from './training/tune.ts';
export { folderSource } from './weights/folder-source.ts';
export { HUB_URL, type HubRevision, type HubSource, type HubSourceOptions, hubSource } from './weights/hub-source.ts';
export { type KeepingOptions, type KeepingSource, keepingSource } from './weights/keeping/keeping-source.ts';
export type { PartStore, WithLock } from './weights/keeping/part-store.ts';
export { partCount } from './weights/keeping/parts.ts';
export { type ListedSource, type ManifestFile, type ModelManifest, PART_BYTES } from './weights/manifest.ts';
export { mirrorSource } from './weights/mirror-source.ts';
export type { ObservedGet, PatientOptions } from './weights/patient-get.ts';
export type { SafetensorsDtype, TensorEntry } from './weights/safetensors-reader.ts';
export { type TensorToWrite, type WriteOptions, writeSafetensors } from './weights/safetensors-writer.ts';
export { fileSource, type HttpSourceOptions, httpSource, type ModelSource } from './weights/source.ts';
export { WeightsError, type WeightsErrorCode } from './weights/weights-error.ts';
export type { Choices } from './wgsl/choices.ts';
