import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { modelName } from '@perfit/core/node';
import { knownStrategies } from '@perfit/federation';
import {
  displayNameSchema,
  type FederationConfig,
  federationConfigSchema,
  loraSchema,
  personalSchema,
  robustSchema,
  scheduleSchema,
  searchSchema,
  serverSchema,
  tuningSchema,
} from '@perfit/protocol';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../explain.ts';
import { isStrategyFile, loadStrategy } from '../own-strategy.ts';

const count = z.number().int().positive();
const path = z.string().trim().min(1);
const field = z.string().trim().min(1);
const { shape } = federationConfigSchema;

/** What a strategy may have otherwise than the others: parts of a federation's config, strict, so that typos show. */
const settingsSchema = z.strictObject({
  lora: z.strictObject(loraSchema.shape).prefault({}),
  receive: shape.receive,
  search: z.strictObject(searchSchema.shape).prefault({}),
  tuning: z.strictObject(tuningSchema.shape).prefault({}),
  personal: z.strictObject(personalSchema.shape).prefault({}),
  server: z.strictObject(serverSchema.shape).prefault({}),
  schedule: z
    .strictObject({
      rounds: scheduleSchema.shape.rounds,
      /** Absent is: as many as there are clients. */
      goal: scheduleSchema.shape.goal.unwrap().optional(),
      minimum: scheduleSchema.shape.minimum.unwrap().default(1),
      deadlineSeconds: scheduleSchema.shape.deadlineSeconds,
      settleSeconds: scheduleSchema.shape.settleSeconds,
      maxRepeats: scheduleSchema.shape.maxRepeats.unwrap().default(3),
      localRounds: scheduleSchema.shape.localRounds,
    })
    .prefault({}),
  weighting: z.strictObject(shape.weighting.unwrap().shape).prefault({}),
  robust: z.strictObject(robustSchema.shape).optional(),
  wire: z.strictObject(shape.wire.unwrap().shape).prefault({}),
  strategyOptions: shape.strategyOptions,
  maxDeltaNorm: shape.maxDeltaNorm,
});
type Settings = z.infer<typeof settingsSchema>;

const partitionSchema = z.discriminatedUnion('by', [
  /** Sorted by the field into clients·shards parts, so many a client by lot (FederatedGPT-Shepherd). */
  z.strictObject({ by: z.literal('pathological'), field, clients: count, shards: count.default(2) }),
  /** Each value of the field is spread over the clients by Dirichlet(α) (Hsu et al. 2019, arXiv 1909.06335). */
  z.strictObject({
    by: z.literal('dirichlet'),
    field,
    clients: count,
    alpha: z.number().positive(),
    atLeast: count.default(1),
  }),
  z.strictObject({ by: z.literal('iid'), clients: count }),
  /** One client a value of the field: of each of them, or of `values` alone, in this order. */
  z.strictObject({ by: z.literal('field'), field, values: z.array(z.string()).min(1).optional() }),
]);
export type Partition = z.infer<typeof partitionSchema>;

const value = z.union([z.string(), z.number(), z.boolean()]);
/** A client with a task of its own, whatever files its rows lie in. */
const describedClientSchema = z.strictObject({
  name: displayNameSchema,
  /** JSONL or JSON lists: of objects, of texts, or of tasks with `instances`. */
  files: z.array(path).min(1),
  /** By field, the value that a row must have, or one of several; absent takes every row. */
  where: z.record(z.string(), z.union([value, z.array(value).min(1)])).optional(),
  /**
   * So many clients share this text, NAME-1, NAME-2, …: the seed deals its rows out to them, all but those that are held
   * out, which are the same for each.
   */
  dealtTo: count.max(1000).optional(),
});
export type DescribedClient = z.infer<typeof describedClientSchema>;

/** The clients are those of `files`, then those of `clients`, then those that are dealt out of the corpus. */
const dataSchema = z
  .strictObject({
    /** One file a client, called by it. */
    files: z.array(path).min(1).optional(),
    clients: z.array(describedClientSchema).min(1).optional(),
    /** JSONL or JSON files whose rows are taken together and dealt out anew. */
    corpus: z.array(path).min(1).optional(),
    partition: partitionSchema.optional(),
    /** Rows that a client trains on; absent is all that are left. */
    train: count.optional(),
    /** A client with fewer rows than `train` takes what it has, if it is so many; absent, it is an error. */
    trainAtLeast: count.optional(),
    /** [PF8] Rows of its own that a client is evaluated on. */
    heldOut: count.min(4).default(24),
    /** Further rows of its own, neither trained on nor reported: they may say when to stop. */
    validation: z.number().int().min(0).default(0),
  })
  .superRefine((data, context) => {
    const say = (at: string, message: string) => context.addIssue({ code: 'custom', path: [at], message });
    if (!data.files && !data.clients && !data.corpus)
      say('files', 'files (one a client), clients or a corpus must be named');
    if (data.corpus && !data.partition) say('partition', 'a corpus must be dealt out: by pathological, dirichlet, …');
    if (data.partition && !data.corpus) say('partition', 'there is no corpus to deal out: files are one a client');
    if (data.trainAtLeast !== undefined && data.trainAtLeast > (data.train ?? 0))
      say('trainAtLeast', 'it softens train, and cannot be more than it');
  });

const density = z.number().positive().max(1);
/** [PF2] The largest share of the parameters that a client may own: in the order of the clients and over again, or by name. */
const budgetsSchema = z
  .custom<object>(
    (given) => typeof given === 'object' && given !== null,
    'either densities in (0, 1] in the order of the clients, or one by the name of each',
  )
  // A union would say that nothing fits; a list that is wrong somewhere should say where.
  .transform((given, context): number[] | Record<string, number> => {
    const schema = Array.isArray(given) ? z.array(density).min(1) : z.record(z.string(), density);
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  });
export type Budgets = z.infer<typeof budgetsSchema>;

const strategySchema = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : value),
  z.strictObject({
    /** One that this program knows, or a module that has one: ./mine.ts. */
    name: z.string().superRefine((name, context) => {
      const known = knownStrategies().map((strategy) => strategy.name);
      if (isStrategyFile(name) || known.includes(name)) return;
      const message = `there is no strategy "${name}"; there are ${known.join(', ')}, and files such as ./mine.ts`;
      context.addIssue({ code: 'custom', message });
    }),
    /** Tells apart the same strategy with different overrides. */
    setting: z.string().trim().min(1).max(60).default('default'),
    overrides: z.record(z.string(), z.unknown()).default({}),
  }),
);

const fileSchema = z.looseObject({
  name: displayNameSchema,
  /** A Hugging Face model folder. */
  model: path,
  strategies: z.array(strategySchema).min(1),
  seeds: z.array(shape.seed.unwrap()).min(1).default([1]),
  data: dataSchema,
  budgets: budgetsSchema.optional(),
  /** [PF9] Whether every client has a twin that tunes on its text alone: about twice the work. */
  twin: z.boolean().default(false),
  faults: z
    .array(z.strictObject({ client: z.string(), round: count, kind: z.enum(['dropout', 'straggler']) }))
    .default([]),
});

export interface ComparedStrategy {
  /** What a strategy of one's own is made of: its file's hash. Absent for those that are built in. */
  readonly source?: string;
  /** Fields of `tuning` that the file says: the others are the model's recipe's, where that has them. */
  readonly said: ReadonlySet<string>;
  readonly name: FederationConfig['strategy'];
  readonly setting: string;
  readonly settings: Settings;
}

export interface SimulationConfig
  extends Pick<z.infer<typeof fileSchema>, 'name' | 'seeds' | 'data' | 'budgets' | 'twin' | 'faults'> {
  /** Absolute, as are those of the data: in the file they are relative to it. */
  readonly model: string;
  readonly strategies: readonly ComparedStrategy[];
}

/** @throws UsageError naming the file, the field and what is wrong with it */
export function readSimulationConfig(file: string): SimulationConfig {
  let text: string;
  try {
    text = readFileSync(resolve(file), 'utf8');
  } catch {
    throw new UsageError(`There is no file ${file} that can be read.`);
  }
  return parseSimulationConfig(file, text);
}

export function parseSimulationConfig(file: string, text: string): SimulationConfig {
  const raw = parseText(file, text);
  const own = assertFits(fileSchema, raw, { file, at: [] });
  const { name, model, strategies, seeds, data, budgets, twin, faults, ...shared } = own;
  assertFits(settingsSchema, shared, { file, at: [] });
  const compared = strategies.map(({ overrides, ...strategy }, i) => {
    const said = merged(shared, overrides);
    const settings = assertFits(settingsSchema, said, { file, at: ['strategies', i, 'overrides'] });
    const { tuning = {} } = said as { readonly tuning?: object };
    return { ...strategy, settings, said: new Set(Object.keys(tuning)) };
  });
  assertDiffer(
    compared.map(({ name, setting }) => `${name} (${setting})`),
    (twice) => `${file}: strategies: ${twice} comes twice; a "setting" tells two of one name apart.`,
  );
  assertDiffer(seeds, (twice) => `${file}: seeds: ${twice} comes twice.`);
  const fromHere = (place: string) => resolve(dirname(resolve(file)), place);
  const { files, clients, corpus } = data;
  return {
    name,
    model: fromHere(model),
    strategies: compared.map((strategy) =>
      isStrategyFile(strategy.name) ? { ...strategy, name: fromHere(strategy.name) } : strategy,
    ),
    seeds,
    data: {
      ...data,
      ...(files ? { files: files.map(fromHere) } : {}),
      ...(clients ? { clients: clients.map((client) => ({ ...client, files: client.files.map(fromHere) })) } : {}),
      ...(corpus ? { corpus: corpus.map(fromHere) } : {}),
    },
    ...(budgets ? { budgets } : {}),
    twin,
    faults,
  };
}

/**
 * With strategies that the file names by a module of their own under the names that they have; the modules are run.
 * @throws UsageError where a module is none
 */
export async function withOwnStrategies(config: SimulationConfig): Promise<SimulationConfig> {
  const strategies: ComparedStrategy[] = [];
  for (const strategy of config.strategies) {
    if (!isStrategyFile(strategy.name)) strategies.push(strategy);
    else {
      const { name } = await loadStrategy(strategy.name);
      const source = createHash('sha256').update(readFileSync(strategy.name)).digest('hex');
      strategies.push({ ...strategy, name, source });
    }
  }
  return { ...config, strategies };
}

/** What a coordinator would be given. */
export function federationConfig(
  { name, model }: SimulationConfig,
  {
    strategy,
    seed,
    clients,
    recipe,
  }: {
    strategy: ComparedStrategy;
    seed: number;
    clients: number;
    /** What such a model is tuned with where the file says nothing else. */
    recipe: Partial<FederationConfig['tuning']>;
  },
): FederationConfig {
  const { schedule, tuning, ...others } = strategy.settings;
  const unsaid = Object.entries(recipe).filter(([field]) => !strategy.said.has(field));
  const settings = { ...others, tuning: { ...tuning, ...Object.fromEntries(unsaid) } };
  const goal = Math.min(schedule.goal ?? clients, clients);
  return federationConfigSchema.parse({
    ...settings,
    name,
    model: modelName(model),
    strategy: strategy.name,
    // Rows are split by the experiment's data, not by shares.
    evaluation: { validation: 0 },
    schedule: { ...schedule, goal, minimum: Math.min(schedule.minimum, goal), recruit: clients },
    seed,
  });
}

function parseText(file: string, text: string): unknown {
  try {
    return parseYaml(text) ?? {};
  } catch (error) {
    if (error instanceof YAMLParseError) throw new UsageError(`${file}: this is no YAML: ${error.message}`);
    throw error;
  }
}

function assertFits<T extends z.ZodType>(
  schema: T,
  value: unknown,
  { file, at }: { file: string; at: readonly PropertyKey[] },
): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${[...at, ...issue.path].map(String).join('.')}: ${issue.message}`);
  throw new UsageError(`${file}: ${lines.join('\n')}`);
}

function assertDiffer(values: readonly (string | number)[], sentence: (twice: string | number) => string): void {
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice !== undefined) throw new UsageError(sentence(twice));
}

/** Objects are merged, everything else is replaced. */
function merged(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = key in base ? merged(base[key], value) : value;
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
