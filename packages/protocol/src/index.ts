export { decodeMask, encodeMask, maskByteLimit, maskHash } from './codecs/mask-codec.ts';
export { sha256Hex } from './codecs/sha256.ts';
export {
  decodeValues,
  encodeValues,
  type ValuesOwner,
  valuesByteLength,
  type WireDtype,
  wireDtypes,
} from './codecs/values-codec.ts';
export { type ErrorBody, type ErrorCode, errorBodySchema, errorCodes, ProtocolError } from './errors.ts';
export {
  downDtype,
  type FederationConfig,
  type FederationConfigInput,
  federationConfigSchema,
  federationIdSchema,
  loraSchema,
  modelIdSchema,
  personalSchema,
  type StrategyName,
  scheduleSchema,
  searchSchema,
  serverSchema,
  strategyNames,
  tuningSchema,
} from './federation-config.ts';
export {
  type AnnouncementName,
  type AnnouncementOf,
  announcements,
  notices,
  type RequestName,
  type RequestOf,
  requests,
  signedText,
  type ValueOf,
} from './messages/events.ts';
export {
  displayNameSchema,
  type FederationDescriptor,
  federationDescriptorSchema,
  helloSchema,
  type Ready,
  readySchema,
  type Welcome,
  welcomeSchema,
} from './messages/handshake.ts';
export { parseMessage, type Reply, replySchema } from './messages/reply.ts';
export {
  type Announce,
  announceSchema,
  type DeltaReport,
  deltaReportSchema,
  type FederationStatus,
  federationStatusSchema,
  type Progress,
  progressSchema,
  type Receipt,
  type RoundClosed,
  type RoundOffer,
  receiptSchema,
  roundClosedSchema,
  roundOfferSchema,
} from './messages/round.ts';
export {
  type ClientView,
  clientViewSchema,
  type EventView,
  eventViewSchema,
  type FederationCreated,
  type FederationDetail,
  type FederationSummary,
  federationActionSchema,
  federationCreatedSchema,
  federationDetailSchema,
  federationSummarySchema,
  inviteCreatedSchema,
  loginSchema,
  type ModelList,
  type ModelManifestView,
  modelListSchema,
  modelManifestSchema,
  type OperatorAction,
  type OperatorModel,
  operatorActions,
  operatorModelSchema,
  type RoundView,
  roundViewSchema,
  sessionSchema,
  watchSchema,
} from './rest.ts';
export { emptySessionRecord, type SessionPhase, type SessionRecord, sessionRecordSchema } from './session-record.ts';
export { MAX_CHUNK_BYTES, PROTOCOL_VERSION } from './version.ts';
