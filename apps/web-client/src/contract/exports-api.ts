/** What the page may ask of the worker about taking the personal model away. Types only, as in engine-api.ts. */
import type { FederationConfig } from '@perfit/protocol';
import type { Failure } from './failure.ts';
import type { Outcome } from './outcome.ts';

/** The adapter alone, as PEFT reads it, with its mask; or the tuned model whole: a folder of transformers, or one GGUF file. */
export type ExportFormat = 'adapter' | 'merged' | 'gguf-f16' | 'gguf-q8_0';

interface ExportFile {
  readonly name: string;
  readonly bytes: number;
}

export interface ExportChoice {
  readonly format: ExportFormat;
  /** As they will be, to a byte. Empty where the model cannot be written so. */
  readonly files: readonly ExportFile[];
  /** Why it cannot. */
  readonly failure: Failure | null;
  /** What it cannot do where it is opened; null where that is nothing. */
  readonly notice: string | null;
}

export interface ExportChoices {
  /** What the base model is called: what PEFT loads beneath the adapter. */
  readonly baseModel: string;
  /** Whether its tokenizer brings a chat template; else conversations are laid out as Alpaca's. */
  readonly hasChatTemplate: boolean;
  readonly choices: readonly ExportChoice[];
}

/** What θ_g was learned for, and θ_g itself. */
export interface GlobalAdapter {
  readonly config: FederationConfig;
  /** The base model's config.json. */
  readonly modelConfig: string;
  /** [N] float32, little-endian, in layout order. */
  readonly theta: ArrayBuffer;
}

export interface ExportsApi {
  /** [PF9] In which forms the personal model can leave, and how large it is in each. */
  exportChoices(): Promise<Outcome<ExportChoices>>;
  /**
   * Writes the personal model, as it is now. Large files are written to this browser's private file system and stay there until
   * {@link ExportsApi.forgetExports}, the next export, or the end of the worker.
   * @returns null where it was cancelled
   */
  exportAs(
    format: ExportFormat,
    onProgress: (bytes: number, total: number) => void,
  ): Promise<Outcome<readonly File[] | null>>;
  /** [PF9] What everybody has tuned together, as PEFT reads it: two files. */
  globalAdapter(adapter: GlobalAdapter): Promise<Outcome<readonly File[]>>;
  cancelExport(): Promise<Outcome<null>>;
  /** Frees what the last export takes. Not before its files have been downloaded. */
  forgetExports(): Promise<Outcome<null>>;
}
