/**
 * What the page may ask of the worker, part by part. Types only: nothing here pulls the model, the client's loop or
 * TensorFlow.js into the page's bundle.
 */
import type { AnswersApi } from './answers-api.ts';
import type { CatalogueApi } from './catalogue-api.ts';
import type { ChatApi } from './chat-api.ts';
import type { ComparisonApi } from './comparison-api.ts';
import type { DataApi } from './data-api.ts';
import type { DeviceApi } from './device-api.ts';
import type { ExportsApi } from './exports-api.ts';
import type { HistoryApi } from './history-api.ts';
import type { LedgerApi } from './ledger-api.ts';
import type { ModelsApi } from './models-api.ts';
import type { ProbeApi } from './probe-api.ts';
import type { RunApi } from './run-api.ts';

/** The worker. Callbacks are Comlink proxies; every method answers with an Outcome and never rejects. */
export interface EngineApi
  extends RunApi,
    DeviceApi,
    ProbeApi,
    DataApi,
    ModelsApi,
    CatalogueApi,
    ChatApi,
    ComparisonApi,
    AnswersApi,
    ExportsApi,
    LedgerApi,
    HistoryApi {}
