export type { Aggregation, AggregationSpace, GlobalState, Moments } from './aggregation/aggregation.ts';
export { checkDelta, deltaNorm, weightOf } from './aggregation/delta-check.ts';
export { openAggregation } from './aggregation/open-aggregation.ts';
export { mustHaveOwners } from './aggregation/owner-counts.ts';
export { aggregate, ParameterSums } from './aggregation/parameter-sums.ts';
export { robustProblem } from './aggregation/robust-problem.ts';
export type { ClientEvent } from './client/client-event.ts';
export { runClient } from './client/client-loop.ts';
export { ConnectionLost } from './client/connection-lost.ts';
export type {
  EvaluationSplit,
  LocalTuner,
  SearchCheckpoint,
  SearchedMask,
  SearchProgress,
  SearchSettings,
  SearchStart,
  TunedAdapter,
  TuningCheckpoint,
  TuningProgress,
  TuningSettings,
  TuningStart,
} from './client/local-tuner.ts';
export type { ClientOptions } from './client/membership.ts';
export { memoryStore } from './client/memory-store.ts';
export { Pause } from './client/pause.ts';
export { type PersonalModule, personalModule } from './client/personal-module.ts';
export type {
  ClientRecord,
  ClientStore,
  Clock,
  Connection,
  ConnectionEvent,
  FinishedTuning,
  Identity,
  Residual,
} from './client/ports.ts';
export { decodeClientRecord, encodeClientRecord } from './client/record-codec.ts';
export { isPassing } from './client/session.ts';
export {
  type LedgerEntry,
  type SocketConnectionOptions,
  type SocketLike,
  socketConnection,
} from './client/socket-connection.ts';
export { clientIdOf, generateKeyPair, identityFromKeyPair, verifySignature } from './identity.ts';
export { checkMaskRound, checkSubmission, type SubmissionEvent } from './round/admission.ts';
export { possibleActions, possibleRoundActions } from './round/possible-actions.ts';
export type { RoundEffect, RoundEffectOf, RoundEvent } from './round/round-event.ts';
export {
  type Aggregating,
  type ClientId,
  type Instant,
  isEnded,
  newFederation,
  presentIn,
  type RoundState,
  type Schedule,
  versionOf,
  wakeAt,
  withPresent,
} from './round/round-state.ts';
export { statusOf } from './round/status.ts';
export { RESTART_GRACE_MS, type Step, step } from './round/step.ts';
export { type Ending, lastMasks, type OwnedMask, withAftermath } from './simulation/aftermath.ts';
export { type Fault, type FaultKind, Faults } from './simulation/fault.ts';
export { RoundRecords, type SimulatedRound } from './simulation/round-records.ts';
export {
  type SimulatedClient,
  type SimulationEvent,
  type SimulationOptions,
  type SimulationResult,
  simulateFederation,
} from './simulation/simulate-federation.ts';
export { positionsOf, ranksOf } from './strategy/positions.ts';
export {
  budgetOf,
  type ClientLimits,
  checkExchangedMask,
  densityOf,
  givenMask,
  isSearchDue,
  layoutOf,
  rankOf,
  strategyOf,
} from './strategy/registry.ts';
export type {
  Averaging,
  MaskSearch,
  MaskSource,
  RoundAt,
  RoundStart,
  Strategy,
  StrategySpace,
  Trains,
} from './strategy/strategy.ts';
