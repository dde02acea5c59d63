export type { ClientEvent } from './client/client-event.ts';
export type {
  LocalTuner,
  SearchProgress,
  SearchSettings,
  TunedAdapter,
  TuningCheckpoint,
  TuningProgress,
  TuningSettings,
  TuningStart,
} from './client/local-tuner.ts';
export type { ClientRecord, ClientStore, Clock, Connection, ConnectionEvent, Identity } from './client/ports.ts';
