/** What the page may ask of the worker about models before any of them is fetched. Types only, as in engine-api.ts. */
import type { DeviceReport, DeviceWish } from './device-api.ts';
import type { ModelPrecision } from './models-api.ts';
import type { Outcome } from './outcome.ts';

export interface Fit {
  readonly verdict: 'fits' | 'tight' | 'too large';
  /** Why, and what would fit. */
  readonly sentence: string;
}

export interface UseNeeds {
  /** Of the device's memory. */
  readonly bytes: number;
  readonly fit: Fit;
}

export interface PrecisionNeeds {
  readonly precision: ModelPrecision;
  /** Of the weights as they lie on the device. */
  readonly weightBytes: number;
  readonly tuning: UseNeeds;
  readonly chat: UseNeeds;
}

/** What this device would need for a model. */
export interface ModelNeeds {
  readonly modelType: string;
  readonly contextLength: number;
  /** What it is opened in where nobody chooses. */
  readonly automatic: ModelPrecision;
  /** Finest first. */
  readonly precisions: readonly PrecisionNeeds[];
}

export interface CatalogueEntry {
  readonly id: string;
  readonly name: string;
  /** On the Hugging Face Hub. */
  readonly repository: string;
  readonly licence: { readonly name: string; readonly url: string; readonly gated: boolean };
  readonly goodAt: string;
  readonly languages: string;
  readonly downloadBytes: number;
  readonly needs: ModelNeeds;
}

interface CatalogueReport {
  readonly device: DeviceReport;
  /** Bytes of graphics memory that are counted on; null where the processor computes. */
  readonly budget: number | null;
  /** What the needs are said for: T, B and R of a tuning, S of a chat. */
  readonly reckoned: {
    readonly maxLength: number;
    readonly batchSize: number;
    readonly rank: number;
    readonly contextLength: number;
  };
  readonly models: readonly CatalogueEntry[];
}

/** One on the coordinator, by its id there, or files that a person chose. */
export type AssessedModel = { readonly mirrored: string } | { readonly files: readonly File[] };

export interface CatalogueApi {
  /** Starts what would compute, so that what is said of it is true; what runs already is left as it is. */
  catalogue(wish: DeviceWish): Promise<Outcome<CatalogueReport>>;
  /** The same for any model, by its description; one that cannot be followed is refused by name. */
  assess(model: AssessedModel): Promise<Outcome<ModelNeeds>>;
}
