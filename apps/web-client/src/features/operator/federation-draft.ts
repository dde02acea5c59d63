import { type FederationConfigInput, federationConfigSchema, robustSchema } from '@perfit/protocol';
import { usesOption } from '../../shared/federation/used-options.ts';

const defaults = federationConfigSchema.parse({ name: 'defaults', model: 'perfit-nano' });
const robust = robustSchema.parse({});

// What the form asks, by its path in the federation's config. Everything else takes the protocol's defaults.

const texts = {
  name: '',
  description: '',
  'host.name': '',
  'host.contact': '',
  model: '',
  strategy: defaults.strategy,
  receive: defaults.receive,
  access: defaults.access,
  'server.optimizer': defaults.server.optimizer,
  'wire.dtype': defaults.wire.dtype,
  'search.score': defaults.search.score,
  'search.scope': defaults.search.scope,
  'weighting.by': defaults.weighting.by,
  'robust.mean': robust.mean,
  'tuning.decay': 'constant',
};

const numbers = {
  'lora.rank': defaults.lora.rank,
  'lora.expansion': defaults.lora.expansion,
  'lora.alpha': defaults.lora.alpha,
  'schedule.rounds': defaults.schedule.rounds,
  // Empty is no target.
  'schedule.targetPerplexity': '',
  'schedule.recruit': defaults.schedule.recruit,
  'schedule.goal': defaults.schedule.goal,
  'schedule.minimum': defaults.schedule.minimum,
  'schedule.deadlineSeconds': defaults.schedule.deadlineSeconds,
  'schedule.settleSeconds': defaults.schedule.settleSeconds,
  'schedule.maxRepeats': defaults.schedule.maxRepeats,
  'tuning.epochs': defaults.tuning.epochs,
  'tuning.maxLength': defaults.tuning.maxLength,
  'tuning.learningRate': defaults.tuning.learningRate,
  'tuning.warmup': 0,
  'tuning.proximal': defaults.tuning.proximal,
  'tuning.batchSize': defaults.tuning.batchSize,
  'tuning.weightDecay': defaults.tuning.weightDecay,
  'tuning.clipNorm': defaults.tuning.clipNorm,
  'personal.keep': defaults.personal.keep,
  'search.warmupEpochs': defaults.search.warmupEpochs,
  'search.iterations': defaults.search.iterations,
  'search.batches': defaults.search.batches,
  // Empty is 1/c.
  'search.density': '',
  'search.sharedRounds': defaults.search.sharedRounds,
  'search.everyRounds': defaults.search.everyRounds,
  'search.prior': defaults.search.prior ?? 0,
  'server.learningRate': defaults.server.learningRate,
  'server.beta1': defaults.server.beta1,
  'server.beta2': defaults.server.beta2,
  'server.epsilon': defaults.server.epsilon,
  maxDeltaNorm: defaults.maxDeltaNorm,
  'weighting.cap': defaults.weighting.cap,
  // Empty shortens none.
  'robust.clipNorm': '',
  'robust.trim': robust.trim,
  'robust.minimumOwners': robust.minimumOwners,
  'evaluation.heldOut': defaults.evaluation.heldOut,
  'evaluation.validation': defaults.evaluation.validation,
  seed: defaults.seed,
  // Empty is the coordinator's own.
  smallestGroup: '',
};

const flags = { 'search.rewind': defaults.search.rewind };

/** [PF2] Devices that tune fewer tokens a second than `below` keep `density` of the search space at most. */
export interface Tier {
  readonly below: number | string;
  readonly density: number | string;
}

const tiers = { 'search.slowDevices': [] as readonly Tier[] };

const several = { 'lora.targets': defaults.lora.targets as readonly string[] };

export type TextKey = keyof typeof texts;
export type NumberKey = keyof typeof numbers;
export type FlagKey = keyof typeof flags;
type TiersKey = keyof typeof tiers;
export type SeveralKey = keyof typeof several;
export type Field = TextKey | NumberKey | FlagKey | TiersKey | SeveralKey;

/** As it is typed: numbers may be text, and an empty one means the default. */
export type Draft = Readonly<
  Record<TextKey, string> &
    Record<NumberKey, number | string> &
    Record<FlagKey, boolean> &
    Record<TiersKey, readonly Tier[]> &
    Record<SeveralKey, readonly string[]>
>;

export const emptyDraft: Draft = { ...texts, ...numbers, ...flags, ...tiers, ...several };

/** Whether a field is shown, and sent: the others would change nothing under the strategy and optimizer chosen. */
export function isAsked(field: Field, draft: Draft): boolean {
  const optimizer = draft['server.optimizer'];
  switch (field) {
    case 'server.learningRate':
    case 'server.beta1':
      return isAsked('server.optimizer', draft) && optimizer !== 'none';
    case 'server.beta2':
    case 'server.epsilon':
      return isAsked('server.optimizer', draft) && optimizer === 'adam';
    case 'robust.trim':
      return isAsked('robust.mean', draft) && draft['robust.mean'] === 'trimmed';
    case 'robust.minimumOwners':
      return isAsked('robust.mean', draft) && draft['robust.mean'] !== 'weighted';
    default:
      return usesOption(draft.strategy, field);
  }
}

/** Unchecked: the schema judges it. */
export function configOf(draft: Draft): FederationConfigInput {
  const config: Record<string, unknown> = {};
  for (const field of Object.keys(emptyDraft) as Field[]) {
    if (draft[field] === '' || !isAsked(field, draft)) continue;
    // What is as without the setting is not asked for.
    if (field === 'robust.mean' && draft[field] === 'weighted') continue;
    if (field === 'tuning.decay' && draft[field] === 'constant') continue;
    if (field === 'tuning.warmup' && Number(draft[field]) === 0) continue;
    const value = typedIn(field, draft);
    const [part, name] = field.split('.') as [string, string | undefined];
    config[part] = name ? { ...(config[part] as object | undefined), [name]: value } : value;
  }
  return config as FederationConfigInput;
}

function typedIn(field: Field, draft: Draft): unknown {
  if (field === 'search.slowDevices')
    return draft[field].map(({ below, density }) => ({ below: numberOf(below), density: numberOf(density) }));
  return field in numbers ? Number(draft[field]) : draft[field];
}

/** What is left empty is missing, not zero. */
function numberOf(typed: number | string): number {
  return typed === '' ? Number.NaN : Number(typed);
}

/** What is wrong, by field: sentences of the schema. */
export function issuesOf(draft: Draft): ReadonlyMap<string, string> {
  const parsed = federationConfigSchema.safeParse(configOf(draft));
  return new Map(parsed.error?.issues.map(({ path, message }) => [path.join('.'), `${message}.`]));
}
