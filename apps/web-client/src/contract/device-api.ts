/** What the page may ask of the worker about what it computes with. Types only, as in engine-api.ts. */
import type { BenchReport } from '@perfit/bench';
import type { Outcome } from './outcome.ts';
import type { BackendName } from './session/session-state.ts';

export type { BenchReport };

export type BackendChoice = 'auto' | 'webgpu' | 'wasm';

export interface DeviceWish {
  readonly backend: BackendChoice;
  /** Of WebAssembly. */
  readonly threads?: number;
}

export interface DeviceReport {
  readonly backend: BackendName;
  /** For people: "Apple M2", "SwiftShader". */
  readonly description: string;
  /** A sentence: why this one. */
  readonly reason: string;
  readonly crossOriginIsolated: boolean;
  /** Of the processor. */
  readonly cores: number;
  /** Of WebAssembly; 0 where the graphics processor computes. */
  readonly threads: number;
  /** Of the graphics processor, as the WebGPU standard names them. */
  readonly features: readonly string[];
  /** The largest buffer that the graphics processor gives out, in bytes; null where it does not compute. */
  readonly largestBuffer: number | null;
  /** Bytes of graphics memory that are counted on; null where the processor computes. */
  readonly graphicsMemory: number | null;
  /** Of the whole device in bytes, coarsely, 8 GiB being 8 or more; null where the browser does not say. */
  readonly memory: number | null;
  /** What this browser lets this site keep, in bytes; null where it does not say. */
  readonly storage: number | null;
}

export interface DeviceApi {
  /** Starts what would compute, so that what is said of it is true. */
  describeDevice(wish: DeviceWish): Promise<Outcome<DeviceReport>>;
  /**
   * Measures this browser's graphics processor: minutes of computing. Not while somebody takes part in this tab.
   * @param onText a sentence before each part
   */
  bench(onText: (text: string) => void): Promise<Outcome<BenchReport>>;
}
