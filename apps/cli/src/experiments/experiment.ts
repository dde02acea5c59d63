import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createLocalTuner, parseModelConfig, rateRecipe, WeightsError } from '@perfit/core';
import { modelAt, modelPlace } from '@perfit/core/node';
import {
  type ClientEvent,
  layoutOf,
  type SimulatedClient,
  type SimulationOptions,
  type SimulationResult,
  simulateFederation,
} from '@perfit/federation';
import type { FederationConfig } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import { UsageError } from '../explain.ts';
import { type BackendChoice, type OpenModel, openModel } from '../local-model.ts';
import { type BudgetsByName, budgetsByName } from './budgets.ts';
import { type ClientText, clientTexts, fingerprintOf, type TokenizedText, tokenized } from './client-texts.ts';
import type { CellResult } from './journal.ts';
import { playLive } from './live/live-federation.ts';
import { summarizeMasks } from './mask-summary.ts';
import { type ComparedStrategy, federationConfig, type SimulationConfig } from './simulation-config.ts';
import { type Sizes, workDone, workOf } from './work.ts';

/** One strategy with one seed: a federation from its start to its end. */
export interface Cell {
  readonly strategy: ComparedStrategy;
  readonly seed: number;
  readonly config: FederationConfig;
  readonly texts: readonly ClientText[];
  readonly budgets: BudgetsByName;
  /** Of everything that its numbers follow from. */
  readonly fingerprint: string;
  /** In batches tuned on. */
  readonly work: number;
}

/** Where federations take place: in a simulated coordinator's memory, or at a real one, by sockets. */
export type RunMode = 'memory' | 'live';

/** An experiment with its data read and its cells in order, and no model yet. */
export interface Plan {
  readonly config: SimulationConfig;
  readonly mode: RunMode;
  readonly cells: readonly Cell[];
}

/** A change of what a seed gives, or of what is kept of it, must change this, so that old cells are not taken for new ones. */
const ALGORITHM = 2;

/** @throws UsageError where the data are not what the config says */
export async function planExperiment(
  config: SimulationConfig,
  backend: BackendChoice,
  mode: RunMode = 'memory',
): Promise<Plan> {
  const model = await modelHash(config.model);
  const recipe = rateRecipe(parseModelConfig(await (await modelAt(config.model)).text('config.json')));
  const textsOf = clientTexts(config.data);
  const cells = config.seeds.flatMap((seed) => {
    const texts = textsOf(seed);
    assertKnowsClients(config, texts);
    const budgets = budgetsByName(
      config.budgets,
      texts.map(({ name }) => name),
    );
    const data = fingerprintOf(texts);
    return config.strategies.map((strategy): Cell => {
      const federation = federationConfig(config, { strategy, seed, clients: texts.length, recipe });
      const { setting, source } = strategy;
      const parts = {
        ALGORITHM,
        federation,
        setting,
        data,
        model,
        backend,
        faults: config.faults,
        ...(config.budgets ? { budgets } : {}),
        ...(mode === 'live' ? { mode } : {}),
        ...(config.twin ? { twin: true } : {}),
        ...(source ? { source } : {}),
        // What is chosen at the end (PF9) was not, at first.
        ...(config.data.validation > 0 ? { conclusion: 1 } : {}),
      };
      return {
        strategy,
        seed,
        config: federation,
        texts,
        budgets,
        fingerprint: createHash('sha256').update(JSON.stringify(parts)).digest('hex'),
        work: texts.reduce((sum, text) => sum + workOf(federation, sizesOf(text), config.twin), 0),
      };
    });
  });
  return { config, mode, cells };
}

/** The base model, loaded once, and what is the same for many cells. */
export class ExperimentRunner {
  private readonly open: OpenModel;
  /** Of the base model, by the client's texts: no strategy changes it. */
  private readonly basePerplexities = new Map<string, number>();
  private readonly tokenizedTexts = new WeakMap<ClientText, Map<number, TokenizedText>>();

  private constructor(open: OpenModel) {
    this.open = open;
  }

  static async start(config: SimulationConfig, backend: BackendChoice): Promise<ExperimentRunner> {
    return new ExperimentRunner(await openModel(config.model, backend));
  }

  /** @throws whatever the simulation throws   @param onWork is told of batches as they are done */
  async run(
    plan: Plan,
    cell: Cell,
    watch: { onWork: (work: number, client: string, event: ClientEvent) => void; signal?: AbortSignal },
  ): Promise<CellResult> {
    const { config, texts, budgets, strategy, seed } = cell;
    const sizes = new Map(texts.map((text) => [text.name, sizesOf(text)]));
    const options: SimulationOptions = {
      config,
      layout: layoutOf(config, this.open.model.dimensions),
      clients: texts.map((text) => this.client(config, text, budgets[text.name])),
      faults: plan.config.faults,
      stopwatch: () => performance.now(),
      twin: plan.config.twin,
      ...(watch.signal ? { signal: watch.signal } : {}),
    };
    const onEvent = (client: string, event: ClientEvent) =>
      watch.onWork(workDone(config, sizes.get(client) ?? nothing, event), client, event);
    const result =
      plan.mode === 'live'
        ? await playLive({ ...options, model: plan.config.model, onEvent })
        : await playInMemory(options, onEvent);
    watch.signal?.throwIfAborted();
    const of = { experiment: plan.config.name, strategy: strategy.name, setting: strategy.setting, seed };
    const rows = result.rounds.map(({ isCounted: _, ...row }) => ({
      ...of,
      ...row,
      seconds: Number(row.seconds.toFixed(3)),
    }));
    const steps = result.steps.map((step) => Number(step.toPrecision(6)));
    return { rows, masks: summarizeMasks(result.masks, options.layout), steps };
  }

  /** Seconds a batch, as the first client of this cell tunes on it: two steps to get warm, two to measure. */
  async secondsPerBatch({ config, texts }: Cell): Promise<number> {
    const { tuner } = this.client(config, texts[0] as ClientText);
    const theta = new Float32Array(tuner.layout.size);
    const steps = tuner.tune(
      { theta, mask: Mask.full(theta.length) },
      { ...config.tuning, epochs: 100, seed: config.seed },
    );
    let started = 0;
    let taken = 0;
    for await (const progress of steps) {
      if (progress.kind !== 'step') continue;
      taken++;
      if (taken === 2) started = performance.now();
      if (taken === 4) break;
    }
    return (performance.now() - started) / 1000 / 2 / config.tuning.accumulation;
  }

  close(): void {
    this.open.model.dispose();
  }

  private client(config: FederationConfig, text: ClientText, maxDensity?: number): SimulatedClient {
    const { model, tokenizer } = this.open;
    const { maxLength } = config.tuning;
    const { training, heldOut, validation } = this.tokenize(text, maxLength);
    const tuner = createLocalTuner({
      model,
      layout: layoutOf(config, model.dimensions),
      training,
      heldOut,
      validation,
      batching: { maxLength, padId: tokenizer.padId },
    });
    const key = `${maxLength} ${fingerprintOf([text])}`;
    const perplexity: typeof tuner.perplexity = async (theta, signal, on) => {
      if (theta !== null || on === 'validation') return tuner.perplexity(theta, signal, on);
      const value = this.basePerplexities.get(key) ?? (await tuner.perplexity(null, signal));
      this.basePerplexities.set(key, value);
      return value;
    };
    return {
      name: text.name,
      tuner: { ...tuner, perplexity },
      ...(maxDensity === undefined ? {} : { maxDensity }),
    };
  }

  private tokenize(text: ClientText, maxLength: number): TokenizedText {
    const known = this.tokenizedTexts.get(text) ?? new Map<number, TokenizedText>();
    this.tokenizedTexts.set(text, known);
    const rows = known.get(maxLength) ?? tokenized(text, this.open.tokenizer, maxLength);
    known.set(maxLength, rows);
    return rows;
  }
}

async function playInMemory(
  options: SimulationOptions,
  onEvent: (client: string, event: ClientEvent) => void,
): Promise<SimulationResult> {
  const run = simulateFederation(options);
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
    onEvent(next.value.client, next.value.event);
  }
}

function sizesOf({ training, heldOut, validation }: ClientText): Sizes {
  return { training: training.length, heldOut: heldOut.length, validation: validation.length };
}

const nothing: Sizes = { training: 0, heldOut: 0, validation: 0 };

function assertKnowsClients({ faults }: SimulationConfig, texts: readonly ClientText[]): void {
  const names = texts.map(({ name }) => name);
  for (const [i, { client }] of faults.entries()) {
    if (!names.includes(client)) {
      throw new UsageError(`faults.${i}.client: there is no client "${client}"; there are ${names.join(', ')}.`);
    }
  }
}

/** Of what is read of it. @throws UsageError where there is none */
async function modelHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await modelFiles(path)) {
    hash.update(`${basename(file)}\n`);
    await pipeline(createReadStream(file), hash, { end: false });
  }
  return hash.digest('hex');
}

async function modelFiles(path: string): Promise<string[]> {
  const place = await modelPlace(path).catch((error: unknown) => {
    if (error instanceof WeightsError && error.code === 'weights-missing-file')
      throw new UsageError(`model: there is no folder ${path}.`);
    throw error;
  });
  const { folder, gguf } = place;
  const isRead = (name: string) => (gguf === null ? /\.(json|safetensors|jinja)$/.test(name) : name === gguf);
  return readdirSync(folder)
    .filter(isRead)
    .sort()
    .map((name) => join(folder, name));
}
