import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  type BestEpochProgress,
  type ColumnMapping,
  createLocalTuner,
  dimensions,
  exportPeft,
  type LocalTuner,
  parameterCount,
  parseModelConfig,
  planSentence,
  type Recipe,
  recipeFor,
  recoveringTuner,
  takeValidation,
  tuneForBest,
} from '@perfit/core';
import { modelAt, modelName, templateNotesInTime } from '@perfit/core/node';
import { densityOf, givenMask, layoutOf, strategyOf } from '@perfit/federation';
import { type FederationConfig, federationConfigSchema } from '@perfit/protocol';
import { buildLayout, initialTheta, type Layout, Mask } from '@perfit/protocol/space';
import { Command, Option } from 'commander';
import { type FolderAdapter, readAdapter, writeAdapter } from '../adapter-folder.ts';
import { backendOption, threadsOption } from '../backend-option.ts';
import { UsageError } from '../explain.ts';
import { baseModelName } from '../hub-origin.ts';
import { type BackendChoice, openModel, reopening, withinPositions } from '../local-model.ts';
import { columnsOption, describeProblems, readLocalText } from '../local-text.ts';
import { between, wholeNumber } from '../numbers.ts';

interface Flags {
  readonly data: string;
  readonly columns?: ColumnMapping;
  readonly out?: string;
  readonly from?: string;
  readonly strategy: 'perfit' | 'fedit';
  readonly rank: number;
  readonly expansion: number;
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly warmup?: number;
  readonly decay?: Recipe['rate']['decay'];
  readonly weightDecay?: number;
  readonly patience?: number;
  readonly overwrite: boolean;
  readonly maxLength: number;
  readonly score: FederationConfig['search']['score'];
  readonly scope: FederationConfig['search']['scope'];
  readonly seed: number;
  readonly backend: BackendChoice;
  readonly threads: number;
  readonly json: boolean;
}

export function tuneCommand(): Command {
  return new Command('tune')
    .description('tunes alone, without a federation: searches a mask, trains inside it, writes a PEFT adapter')
    .argument('<model>', 'a Hugging Face folder or a GGUF file')
    .requiredOption('--data <path>', 'JSONL, JSON, CSV or text, or a folder of such; a fifth is held out')
    .addOption(columnsOption())
    .option('--out <dir>', 'where the adapter goes (a folder here, named after model and text)')
    .option('--overwrite', 'into a folder that is there already', false)
    .addOption(
      new Option('--strategy <name>', 'perfit searches a mask in rank c·r; fedit is plain LoRA of rank r')
        .choices(['perfit', 'fedit'])
        .default('perfit'),
    )
    .option('--from <dir>', 'a PEFT adapter to start from: it decides rank, alpha and targets')
    .option('--rank <r>', 'budget rank r', wholeNumber(1, 256), 8)
    .option('--expansion <c>', 'expansion factor c', wholeNumber(1, 16), 2)
    .option('--epochs <n>', 'passes over the training split (by the number of rows)', between(0.01, 1000))
    .option('--learning-rate <x>', "AdamW's (by the size of the model)", between(1e-8, 1))
    .option('--batch-size <n>', 'examples a step (8)', wholeNumber(1, 1024))
    .option('--warmup <share>', 'of the steps in which the rate goes up (by the size of the model)', between(0, 1))
    .addOption(
      new Option('--decay <course>', 'of the rate after that (by the size of the model)').choices([
        'constant',
        'cosine',
      ]),
    )
    .option('--weight-decay <x>', "AdamW's (0.01)", between(0, 1))
    .option('--patience <n>', 'epochs without a better validation loss after which it ends (2)', wholeNumber(1, 1000))
    .option('--max-length <tokens>', 'longer examples are cut', wholeNumber(16, 32768), 128)
    .addOption(
      new Option('--score <name>', 'of the search')
        .choices(['taylor', 'magnitude', 'gradient', 'random'])
        .default('taylor'),
    )
    .addOption(new Option('--scope <name>', 'of the search').choices(['tensor', 'global']).default('tensor'))
    .option('--seed <n>', 'of adapter, split and order', wholeNumber(0, 0xffffffff), 1)
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'the figures as JSON', false)
    .action(tuneAlone);
}

async function tuneAlone(modelFolder: string, flags: Flags, command: Command): Promise<void> {
  if (flags.out !== undefined) assertFreeFolder(flags.out, flags);
  const source = await modelAt(modelFolder);
  const modelConfig = parseModelConfig(await source.text('config.json'));
  const maxLength = withinPositions(flags.maxLength, modelConfig);
  const widths = dimensions(modelConfig);
  const from =
    flags.from === undefined ? null : await readAdapter(flags.from, { layout: (space) => buildLayout(widths, space) });
  const asked = configOf(
    { ...flags, maxLength },
    asSaid(recipeFor({ parameters: parameterCount(modelConfig), rows: 1 }), flags),
  );
  const layout = from?.layout ?? layoutOf(asked, widths);
  if (from) checkFlags(flags, layout, command);
  const { batchSize } = asked.tuning;
  const open = (share = 1) =>
    openModel(modelFolder, flags.backend, {
      wish: { layout: () => layout, batchSize, maxLength },
      share,
      threads: flags.threads,
      source,
    });
  const first = await open();
  const { tokenizer, name } = first;
  for (const note of templateNotesInTime(tokenizer)) say(note);
  if (first.model.plan) say(planSentence(first.model.plan, batchSize));
  const { evaluation, seed } = asked;
  const text = readLocalText(flags.data, {
    tokenizer,
    ...(flags.columns ? { columns: flags.columns } : {}),
    maxLength,
    heldOut: evaluation.heldOut,
    seed,
  });
  for (const line of describeProblems(text)) process.stderr.write(`${line}\n`);
  const { training, validation } = takeValidation(text.training, { share: evaluation.validation, seed });
  const { heldOut } = text;
  const recipe = asSaid(recipeFor({ parameters: parameterCount(modelConfig), rows: training.length }), flags);
  const config = configOf({ ...flags, maxLength }, recipe);
  const batching = { maxLength, padId: tokenizer.padId };
  const tuner = await recoveringTuner({
    open: reopening(first.model, {
      load: async (share) => (await open(share)).model,
      tunerOf: (model) => createLocalTuner({ model, layout, training, validation, heldOut, batching }),
    }),
    maxLength,
    onRecovery: ({ error, goingOn }) => say(`${error.message} ${goingOn}`),
  });

  const base = await tuner.perplexity(null);
  say(
    `${training.length} examples to learn from, ${validation.length} to choose by, ${heldOut.length} held out; perplexity of ${name} on the last: ${base.toFixed(2)}`,
  );
  const { rate, patience } = recipe;
  const { tuning } = config;
  say(recipeSentence(tuning, recipe));
  const start = from?.theta ?? initialTheta(layout, seed);
  const given = from && givenStart(from, flags, command);
  const mask = given ?? (await ownedMask({ config, layout, tuner, start }));
  say(`${mask.kept} of ${mask.size} parameters kept`);
  // What an adapter holds beside the mask works on, frozen; a start of our own is nothing there.
  const theta = from ? start : mask.apply(start);
  const tuned = await last(tuneForBest(tuner, { theta, mask }, { ...tuning, rate, patience, seed }), showTuning);
  if (tuned.epoch > 0) say(`The state after epoch ${tuned.epoch} is kept.`);
  const after = await tuner.perplexity(tuned.theta);
  const out = flags.out ?? adapterFolder(modelFolder, flags.data);
  await writeAdapter(out, exportPeft(layout, tuned.theta, baseModelName(modelFolder)), { layout, mask });
  tuner.dispose();

  const figures = {
    base,
    tuned: after,
    kept: mask.kept,
    size: mask.size,
    steps: tuned.steps,
    epoch: tuned.epoch || null,
    out,
    from: flags.from ?? null,
  };
  if (flags.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else
    process.stdout.write(
      `Perplexity on the held-out examples: ${base.toFixed(2)} before, ${after.toFixed(2)} after. Adapter: ${out}\n`,
    );
}

/** Every figure of a recipe can be said. */
function asSaid(recipe: Recipe, said: Flags): Recipe {
  const { epochs, learningRate, batchSize, weightDecay, patience } = { ...recipe, ...defined(said) };
  const { warmup, decay } = { ...recipe.rate, ...defined(said) };
  return { epochs, learningRate, batchSize, weightDecay, patience, rate: { warmup, decay } };
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** Looked at before an hour's work, not after it. @throws UsageError */
function assertFreeFolder(out: string, { overwrite }: Flags): void {
  const found = statSync(resolve(out), { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) throw new UsageError(`${out} is a file: an adapter is a folder.`);
  if (overwrite || readdirSync(resolve(out)).length === 0) return;
  throw new UsageError(`${out} is there already: name another folder, or say --overwrite.`);
}

/** Beside nothing that is there already. */
function adapterFolder(model: string, data: string): string {
  const text = basename(resolve(data)).replace(/\.[a-z]+$/i, '');
  const name = `${modelName(model)}-${text}`;
  for (let copy = 1; ; copy++) {
    const folder = copy === 1 ? name : `${name}-${copy}`;
    if (!existsSync(folder)) return folder;
  }
}

function recipeSentence({ learningRate, epochs, batchSize }: FederationConfig['tuning'], { rate }: Recipe): string {
  const course =
    rate.decay === 'cosine' ? `, up over the first ${Math.round(100 * rate.warmup)} %, then down along a cosine` : '';
  return `Learning rate ${learningRate}${course}; ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}, ${batchSize} examples a step.`;
}

function showTuning(progress: BestEpochProgress): void {
  if (progress.kind === 'step') {
    showStep(progress);
    return;
  }
  const { epoch, perplexity, isBest } = progress;
  say(
    `epoch ${epoch}: perplexity ${perplexity.toFixed(2)} on the examples to choose by${isBest ? ', the best so far' : ''}`,
  );
}

/** Where an adapter is started from, its own rank holds. @throws UsageError where the flags say another one */
function checkFlags({ from, strategy, rank, expansion }: Flags, layout: Layout, command: Command): void {
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
  const wanted = strategy === 'fedit' ? rank : rank * expansion;
  if (wanted === layout.rank || !(isGiven('rank') || isGiven('expansion'))) return;
  const by = strategy === 'fedit' ? `--rank ${rank}` : `--rank ${rank} with --expansion ${expansion}`;
  throw new UsageError(
    `The adapter in ${from} has rank ${layout.rank}; ${by} would make it ${wanted}: leave them out.`,
  );
}

/** An adapter is tuned where its maker owned it, or everywhere; null where a search was asked for. */
function givenStart({ mask, layout }: FolderAdapter, { strategy }: Flags, command: Command): Mask | null {
  const isAsked = command.getOptionValueSource('strategy') === 'cli';
  if (isAsked && strategy === 'perfit') return null;
  return (isAsked ? null : mask) ?? Mask.full(layout.size);
}

/** The same settings as a federation of one would have. */
function configOf(flags: Flags, recipe: Recipe): FederationConfig {
  const { strategy, rank, expansion, maxLength, score, scope, seed } = flags;
  const { epochs, learningRate, batchSize, weightDecay } = recipe;
  return federationConfigSchema.parse({
    name: 'alone',
    model: 'local',
    strategy,
    lora: { rank, expansion, alpha: 2 * rank },
    search: { score, scope },
    tuning: { epochs, learningRate, batchSize, maxLength, weightDecay },
    seed,
  });
}

async function ownedMask(of: {
  config: FederationConfig;
  layout: Layout;
  tuner: LocalTuner;
  start: Float32Array;
}): Promise<Mask> {
  const { config, layout, tuner, start } = of;
  const source = strategyOf(config.strategy).mask({ config, round: 1 });
  if (source.kind !== 'search') return givenMask(source, layout, densityOf(config)) ?? Mask.full(layout.size);
  const tuning = { ...config.tuning, seed: config.seed };
  const settings = { ...source.settings, density: densityOf(config), tuning, seed: config.seed };
  const { mask } = await last(tuner.search({ theta: start }, settings), (progress) => {
    if (progress.kind === 'warmup') showStep(progress, 'warm-up');
    else if (progress.kind === 'prune')
      say(`search ${progress.iteration}/${progress.iterations}: ${progress.kept} left`);
  });
  return mask;
}

/** Runs a generator to its end, showing what it yields. @returns what it returns */
async function last<Progress, Result>(
  run: AsyncGenerator<Progress, Result>,
  show: (progress: Progress) => void,
): Promise<Result> {
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
    show(next.value);
  }
}

function showStep(progress: { kind: string; step?: number; steps?: number; loss?: number }, what = 'tuning'): void {
  const { step, steps, loss } = progress;
  if (step === undefined || steps === undefined || loss === undefined) return;
  if (step === steps || step % 10 === 0) say(`${what} ${step}/${steps}: loss ${loss.toFixed(3)}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
