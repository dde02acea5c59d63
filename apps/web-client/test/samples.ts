// What components are shown in tests: as little as the schemas want, to be changed where a test is about it.
import {
  type ClientView,
  type FederationConfigInput,
  type FederationDetail,
  type FederationStatus,
  type FederationSummary,
  federationConfigSchema,
  federationDetailSchema,
  federationSummarySchema,
  type OperatorRole,
  type RoundView,
} from '@perfit/protocol';
import type { CatalogueEntry, ModelNeeds } from '../src/contract/catalogue-api.ts';
import type { DeviceReport } from '../src/contract/device-api.ts';
import { emptySession, type RoundState, type SessionState } from '../src/contract/session/session-state.ts';

export const instant = '2026-11-22T10:00:00.000Z';
/** The same, in milliseconds since 1970. */
export const at = Date.parse(instant);

const status: FederationStatus = {
  state: 'recruiting',
  round: 0,
  rounds: 3,
  version: 0,
  ready: 1,
  recruit: 2,
};

interface Changes {
  readonly config?: Partial<FederationConfigInput>;
  readonly status?: Partial<FederationStatus>;
}

export function sampleFederation({
  config,
  status: stands,
  ...changes
}: Changes & Partial<Omit<FederationSummary, keyof Changes>> = {}): FederationSummary {
  return federationSummarySchema.parse({
    id: 'bakers',
    config: federationConfigSchema.parse({ name: 'Bakers', model: 'perfit-nano', ...config }),
    status: { ...status, ...stands },
    modelPath: '/models/perfit-nano/',
    modelBytes: 3_200_000,
    layoutSize: 40_000,
    ...changes,
  });
}

export function sampleDetail({
  config,
  status: stands,
  ...changes
}: Changes & Partial<Omit<FederationDetail, keyof Changes>> = {}): FederationDetail {
  return federationDetailSchema.parse({
    ...sampleFederation({ ...(config ? { config } : {}), ...(stands ? { status: stands } : {}) }),
    actions: ['start', 'stop'],
    clients: [],
    rounds: [],
    events: [],
    invites: [],
    maskOverlap: { clients: [], matrix: [] },
    ...changes,
  });
}

export function sampleClient(changes: Partial<ClientView> = {}): ClientView {
  return {
    id: 'client-1',
    name: 'Ada',
    connected: true,
    device: { backend: 'webgpu', description: 'SwiftShader', tokensPerSecond: 412 },
    examples: { training: 72, heldOut: 20 },
    density: 0.25,
    kept: 10_000,
    progress: null,
    bytesUp: 20_000,
    bytesDown: 40_000,
    lastSeen: instant,
    ...changes,
  };
}

export function sampleRound(changes: Partial<RoundView> = {}): RoundView {
  return {
    number: 1,
    attempt: 1,
    state: 'committed',
    reason: null,
    startedAt: instant,
    aggregatingAt: new Date(at + 20_000).toISOString(),
    closedAt: new Date(at + 21_000).toISOString(),
    submissions: [sampleSubmission()],
    ...changes,
  };
}

export function sampleSubmission(changes: Partial<RoundView['submissions'][number]> = {}) {
  return {
    client: 'client-1',
    name: 'Ada',
    examples: 72,
    weight: 72,
    norm: 0.4,
    bytes: 20_000,
    loss: 2.1,
    perplexity: { base: 160, received: 120, tuned: 92.4 },
    receivedAt: new Date(at + 15_000).toISOString(),
    ...changes,
  };
}

export function sampleOperator(role: OperatorRole = 'admin') {
  return { name: 'grace', role, id: 'session-1', expiresAt: instant };
}

export function sampleSession(changes: Partial<SessionState> = {}): SessionState {
  return {
    ...emptySession,
    name: 'Ada',
    federationId: 'bakers',
    connected: true,
    status: { ...status, state: 'training', round: 1 },
    startedAt: at,
    ...changes,
  };
}

export function sampleRoundState(changes: Partial<RoundState> = {}): RoundState {
  return {
    number: 1,
    attempt: 1,
    outcome: 'open',
    reason: null,
    received: null,
    tuned: null,
    loss: null,
    startedAt: at,
    endedAt: null,
    ...changes,
  };
}

export const sampleDevice: DeviceReport = {
  backend: 'webgpu',
  description: 'Apple M2',
  reason: 'This browser offers WebGPU.',
  crossOriginIsolated: true,
  cores: 8,
  threads: 0,
  features: ['shader-f16'],
  largestBuffer: 2 ** 31,
  graphicsMemory: 4e9,
  memory: 8 * 2 ** 30,
  storage: 60e9,
};

/** Fits for a chat in f16, and is too large to be tuned in f32. */
export const sampleNeeds: ModelNeeds = {
  modelType: 'llama',
  contextLength: 2048,
  automatic: 'f16',
  precisions: [
    {
      precision: 'f32',
      weightBytes: 1.4e9,
      tuning: { bytes: 5e9, fit: { verdict: 'too large', sentence: 'Tuning takes 5.0 GB of 4.0 GB.' } },
      chat: { bytes: 1.5e9, fit: { verdict: 'fits', sentence: 'A chat takes 1.5 GB of 4.0 GB.' } },
    },
    {
      precision: 'f16',
      weightBytes: 0.7e9,
      tuning: { bytes: 3.8e9, fit: { verdict: 'tight', sentence: 'Tuning takes 3.8 GB of 4.0 GB.' } },
      chat: { bytes: 0.8e9, fit: { verdict: 'fits', sentence: 'A chat takes 0.8 GB of 4.0 GB.' } },
    },
  ],
};

export function sampleEntry(changes: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return {
    id: 'smollm2-360m',
    name: 'SmolLM2 360M',
    repository: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    licence: { name: 'Apache-2.0', url: 'https://example.org/licence', gated: false },
    goodAt: 'Short answers.',
    languages: 'English',
    downloadBytes: 724e6,
    needs: sampleNeeds,
    ...changes,
  };
}
