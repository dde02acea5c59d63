export type { GlobalState } from './aggregation/aggregation.ts';
export { checkDelta, deltaNorm, weightOf } from './aggregation/delta-check.ts';
export { aggregate, ParameterSums } from './aggregation/parameter-sums.ts';
export type { Ask } from './client/ask.ts';
export type { ClientEvent } from './client/client-event.ts';
export { runClient } from './client/client-loop.ts';
export type { Conclusion } from './client/conclusion.ts';
export { ConnectionLost } from './client/connection-lost.ts';
export { shakeHands } from './client/handshake.ts';
export type { ClientOptions } from './client/membership.ts';
export { memoryStore } from './client/memory-store.ts';
export { Pause } from './client/pause.ts';
export { percentileInterval } from './client/percentile-interval.ts';
export { type PersonalModule, personalModule } from './client/personal-module.ts';
export type {
  ClientRecord,
  ClientStore,
  Clock,
  Connection,
  ConnectionEvent,
  Identity,
  KeptModule,
  Residual,
} from './client/ports.ts';
export { moduleOrigins } from './client/ports.ts';
export { decodeClientRecord, encodeClientRecord } from './client/record-codec.ts';
export { type PartStorage, recordStore, type WrittenRecord } from './client/record-store.ts';
export {
  type LedgerEntry,
  type SocketLike,
  socketConnection,
} from './client/socket-connection.ts';
export { sendUpload } from './client/transfer.ts';
export { clientIdOf, generateKeyPair, identityFromKeyPair, verifySignature } from './identity.ts';
export { possibleActions, possibleRoundActions } from './round/possible-actions.ts';
export {
  isEnded,
  newFederation,
  type RoundState,
} from './round/round-state.ts';
export { playFederation, type Stage } from './simulation/play-federation.ts';
export { simulateFederation } from './simulation/simulate-federation.ts';
export type { OwnedMask, SimulatedClient, SimulationOptions, SimulationResult } from './simulation/simulation.ts';
export { type StrategyKit, strategyKit } from './strategy/kit.ts';
export { openAggregation } from './strategy/open-aggregation.ts';
export { positionsOf, ranksOf } from './strategy/parts/positions.ts';
export {
  budgetOf,
  checkExchangedMask,
  densityOf,
  givenMask,
  isSearchDue,
  knownStrategies,
  layoutOf,
  registerStrategy,
  strategyOf,
} from './strategy/registry.ts';
export { robustProblem } from './strategy/robust-problem.ts';
export type { Strategy } from './strategy/strategy.ts';
