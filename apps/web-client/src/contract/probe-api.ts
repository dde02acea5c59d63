/** What the page may ask of the worker about this device and one federation, before anything is fetched. Types only. */
import type { FederationSummary } from '@perfit/protocol';
import type { Fit } from './catalogue-api.ts';
import type { DeviceReport, DeviceWish } from './device-api.ts';
import type { ModelPrecision } from './models-api.ts';
import type { Outcome } from './outcome.ts';

export interface ProbeWish {
  readonly device: DeviceWish;
  readonly federation: Pick<FederationSummary, 'config' | 'modelPath' | 'modelBytes' | 'layoutSize'>;
}

/** Operations, a multiplication and an addition counted as two. */
interface WorkPerToken {
  readonly forward: number;
  readonly step: number;
}

export interface DeviceProbe {
  readonly device: DeviceReport;
  /** Operations a second on products of the federation's model. */
  readonly speed: number;
  /** The federation's model, tuned as the federation says. */
  readonly model: {
    readonly fit: Fit;
    /** As its weights would be held; null where it does not fit. */
    readonly precision: ModelPrecision | null;
    readonly work: WorkPerToken;
  };
  /** The largest of the catalogue for each use, by name; null where none fits. */
  readonly most: { readonly tuning: string | null; readonly chat: string | null };
}

export interface ProbeApi {
  /** A second of computing. Not while somebody takes part in this tab, and given up when they begin to. */
  probeDevice(wish: ProbeWish): Promise<Outcome<DeviceProbe>>;
}
