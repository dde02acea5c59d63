import { type FederationConfig, type FederationConfigInput, federationConfigSchema } from '@perfit/protocol';
import type { ModelDimensions } from '@perfit/protocol/space';

/** What is asked of a coordinator under load. */
export interface LoadPlan {
  readonly clients: number;
  /** Of the clients, those that submit in every round. */
  readonly submitting: number;
  /** Of a delta, about: whole layers are added until it is there. */
  readonly bytes: number;
  readonly rounds: number;
  /** Processes that the clients are spread over. */
  readonly processes: number;
  readonly databaseUrl?: string;
}

/** Federation and base model of the load; the clients have the model in their minds only. */
export const LOADED = 'loaded';

const WIDTH = 512;
const RANK = 8;
const EXPANSION = 2;
/** Of one layer with q_proj alone: A [R, in] and B [out, R]. */
const POSITIONS_OF_A_LAYER = RANK * EXPANSION * 2 * WIDTH;

/** Of a Llama-shaped model whose half adapter has about so many bytes as f32. */
export function dimensionsOf({ bytes }: LoadPlan): ModelDimensions {
  const layers = Math.max(1, Math.round(bytes / 2 / POSITIONS_OF_A_LAYER));
  return { layers, width: WIDTH, queryWidth: WIDTH, keyValueWidth: WIDTH, feedForwardWidth: WIDTH };
}

/** config.json of that model. */
export function modelConfig(plan: LoadPlan): object {
  return {
    model_type: 'llama',
    hidden_size: WIDTH,
    intermediate_size: WIDTH,
    num_hidden_layers: dimensionsOf(plan).layers,
    num_attention_heads: 8,
    num_key_value_heads: 8,
  };
}

/** The method's own case: personal masks that keep half of the expanded space, everything in f32. */
export function federationInput({ clients, submitting, rounds }: LoadPlan): FederationConfigInput {
  return {
    name: 'Load',
    model: LOADED,
    access: 'open',
    lora: { rank: RANK, expansion: EXPANSION, targets: ['q_proj'] },
    schedule: { rounds, recruit: clients, goal: submitting, minimum: submitting, deadlineSeconds: 86_400 },
    wire: { dtype: 'f32' },
  };
}

export function federationOf(plan: LoadPlan): FederationConfig {
  return federationConfigSchema.parse(federationInput(plan));
}
