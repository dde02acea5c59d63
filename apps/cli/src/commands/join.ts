import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type ColumnMapping,
  createLocalTuner,
  exportPeft,
  type LocalTuner,
  loadModel,
  loadTokenizer,
  mirrorSource,
  modelFolder,
  planSentence,
  type RecoveringTuner,
  recoveringTuner,
  takeValidation,
  tuningBudget,
} from '@perfit/core';
import { nodeBackend } from '@perfit/core/node';
import {
  type ClientEvent,
  type ClientStore,
  type Clock,
  layoutOf,
  personalModule,
  runClient,
  socketConnection,
} from '@perfit/federation';
import type { FederationDescriptor } from '@perfit/protocol';
import { Command } from 'commander';
import { io } from 'socket.io-client';
import { writeAdapter } from '../adapter-folder.ts';
import { backendOption, threadsOption } from '../backend-option.ts';
import { folderIdentity, folderStore } from '../client-folder.ts';
import { UsageError } from '../explain.ts';
import { type BackendChoice, reopening } from '../local-model.ts';
import { columnsOption, describeProblems, readLocalText } from '../local-text.ts';
import { between } from '../numbers.ts';
import { registerStrategies, strategyOption } from '../own-strategy.ts';
import { whatIsSent } from '../what-is-sent.ts';

interface Flags {
  readonly data: string;
  readonly columns?: ColumnMapping;
  readonly name: string;
  readonly store: string;
  readonly out?: string;
  readonly shareEvaluation: boolean;
  readonly maxDensity?: number;
  readonly backend: BackendChoice;
  readonly threads: number;
  readonly json: boolean;
  readonly twin: boolean;
  readonly strategy: readonly string[];
}

export function joinCommand(): Command {
  return new Command('join')
    .description('takes part in a federation without a browser; the text stays on this machine')
    .argument('<address>', 'the join address, as the coordinator or its operator gives it')
    .requiredOption('--data <path>', 'JSONL, JSON, CSV or text, or a folder of such')
    .addOption(columnsOption())
    .option('--name <name>', 'what the operator sees', hostname().slice(0, 60) || 'headless')
    .option(
      '--store <dir>',
      'key, mask and adapter of this client; another folder is another client',
      join('.perfit', 'client'),
    )
    .option('--out <dir>', 'write the personal module there as a PEFT adapter')
    .option('--no-share-evaluation', 'keep losses and perplexities from the coordinator')
    .option('--max-density <share>', 'own at most this share of the parameters', between(0.001, 1))
    .option(
      '--twin',
      'tune on this text alone as well, while others compute, and say at the end whether joining helped: twice the computing',
      false,
    )
    .addOption(strategyOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'one JSON object a line: every event', false)
    .action(takePart);
}

async function takePart(address: string, flags: Flags): Promise<void> {
  const { origin, federation, invite } = parseAddress(address);
  const { name, shareEvaluation } = flags;
  await registerStrategies(flags.strategy);
  for (const line of await whatIsSent({ origin, federation, name, shareEvaluation })) say(line);
  const agreedAt = new Date().toISOString();
  const backend = await nodeBackend({ prefer: flags.backend, threads: flags.threads });
  const socket = io(origin, { transports: ['websocket'], autoConnect: false, reconnection: false, forceNew: true });
  const leaving = new AbortController();
  process.once('SIGINT', () => leaving.abort());
  const store = folderStore(flags.store, say);
  let tuner: RecoveringTuner | null = null;
  let descriptor: FederationDescriptor | null = null;

  const events = runClient({
    connection: socketConnection(socket),
    identity: await folderIdentity(flags.store),
    store,
    tuner: async (joined) => {
      descriptor = joined;
      const source = modelFolder(mirrorSource(new URL(joined.modelPath, origin).href));
      const { config } = joined;
      const { maxLength } = config.tuning;
      const tokenizer = await loadTokenizer(source);
      const text = readLocalText(flags.data, {
        tokenizer,
        ...(flags.columns ? { columns: flags.columns } : {}),
        maxLength,
        heldOut: config.evaluation.heldOut,
        seed: config.seed,
      });
      for (const line of describeProblems(text)) say(line);
      const { batchSize } = config.tuning;
      const load = async (share = 1) => {
        const device = await nodeBackend({ prefer: flags.backend, threads: flags.threads });
        return await loadModel(source, {
          wish: { layout: (widths) => layoutOf(config, widths), batchSize, maxLength, ...tuningBudget(device, share) },
        });
      };
      const model = await load();
      if (model.plan) say(planSentence(model.plan, batchSize));
      const layout = layoutOf(config, model.dimensions);
      const share = config.evaluation.validation;
      const { training, validation } = takeValidation(text.training, { share, seed: config.seed });
      const { heldOut } = text;
      const batching = { maxLength, padId: tokenizer.padId };
      tuner = await recoveringTuner({
        open: reopening(model, {
          load,
          tunerOf: (model) => createLocalTuner({ model, layout, training, validation, heldOut, batching }),
        }),
        maxLength,
        onRecovery: ({ error, goingOn }) => say(`${error.message} ${goingOn}`),
      });
      return tuner;
    },
    federation,
    ...(invite ? { invite } : {}),
    name,
    agent: 'perfit-cli 0.1.0',
    device: { backend: backend.backend, description: backend.adapter?.description || `Node ${process.version}` },
    shareEvaluation,
    // Whoever goes on after these lines agrees to them.
    consent: { version: 'cli', at: agreedAt },
    ...(flags.maxDensity === undefined ? {} : { maxDensity: flags.maxDensity }),
    ...(flags.twin ? { twin: 'waiting' as const } : {}),
    clock,
    random: Math.random,
    signal: leaving.signal,
  });
  for await (const event of events) show(event, flags.json);
  await exportPersonal({ out: flags.out, store, tuner, descriptor });
  (tuner as RecoveringTuner | null)?.dispose();
}

const clock: Clock = {
  now: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    await wait(milliseconds, undefined, signal ? { signal } : {});
  },
};

/** [PF9] */
async function exportPersonal(of: {
  out: string | undefined;
  store: ClientStore;
  tuner: LocalTuner | null;
  descriptor: FederationDescriptor | null;
}): Promise<void> {
  const { out, store, tuner, descriptor } = of;
  if (!out || !tuner || !descriptor) return;
  const record = await store.load(descriptor.id);
  const personal = record && personalModule(record);
  if (!personal) {
    say('Nothing was tuned, so there is no adapter to write.');
    process.exitCode = 1;
    return;
  }
  const { layout } = tuner;
  const files = exportPeft(layout, personal.theta, { baseModel: descriptor.config.model });
  await writeAdapter(out, files, { layout, mask: record.mask });
  say(`Adapter: ${out}`);
}

function parseAddress(address: string): { origin: string; federation: string; invite: string | null } {
  const url = URL.canParse(address) ? new URL(address) : null;
  const federation = url && /^\/join\/([a-z0-9-]+)\/?$/.exec(url.pathname)?.[1];
  if (!url || !federation)
    throw new UsageError(`${address} is no join address; one looks like https://host/join/NAME?invite=CODE.`);
  return { origin: url.origin, federation, invite: url.searchParams.get('invite') };
}

function show(event: ClientEvent, asJson: boolean): void {
  if (asJson) {
    process.stdout.write(`${JSON.stringify(event, errorsAsObjects)}\n`);
    return;
  }
  const line = describe(event);
  if (line) process.stdout.write(`${line}\n`);
}

function describe(event: ClientEvent): string | null {
  switch (event.type) {
    case 'connection':
      return event.state === 'lost' ? `connection lost: ${event.reason ?? 'no reason given'}` : event.state;
    case 'joined':
      return `joined "${event.federation.config.name}" as ${event.client}${event.resumed ? ', taking up where it was' : ''}`;
    case 'status':
      return `federation: ${event.status.state}, round ${event.status.round} of ${event.status.rounds}, ${event.status.ready} ready`;
    case 'round-started':
      return `round ${event.round}, attempt ${event.attempt}`;
    case 'search':
      return event.progress.kind === 'prune'
        ? `search ${event.progress.iteration}/${event.progress.iterations}: ${event.progress.kept} left`
        : null;
    case 'mask':
      return `mask: ${event.kept} of ${event.size} parameters`;
    case 'perplexity':
      return `perplexity of ${event.of}: ${event.value.toFixed(2)}`;
    case 'paused':
    case 'resumed':
      return event.type;
    case 'submitted':
      return `submitted ${event.bytes} bytes`;
    case 'round-closed':
      return `round ${event.closed.round} ${event.closed.outcome}${event.closed.reason ? `: ${event.closed.reason}` : ''}`;
    case 'problem':
      return `${event.error.message} [${event.error.code}] ${event.retry}`;
    case 'finished':
      return 'finished';
    case 'left':
      return leftBecause[event.reason];
    case 'conclusion':
      return describeConclusion(event);
    case 'twin':
    case 'tuning':
    case 'validation':
    case 'transfer':
      return null;
  }
}

function describeConclusion({ of, round, perplexity, joining }: Extract<ClientEvent, { type: 'conclusion' }>): string {
  const kept = `kept: ${origins[of]} (round ${round}), perplexity ${perplexity.kept.toFixed(2)}`;
  if (perplexity.alone === null || !joining) return kept;
  const figures = `together ${perplexity.together.toFixed(2)}, alone ${perplexity.alone.toFixed(2)}`;
  const { ratio, low, high, rows } = joining;
  const interval = `${ratio.toFixed(3)} of it, 95 % ${low.toFixed(3)} to ${high.toFixed(3)} over ${rows} held-out rows`;
  return `${kept}\n${figures}: ${verdicts[joining.verdict]} (${interval})`;
}

const verdicts = {
  helped: 'joining helped',
  'did-not-help': 'joining did not help',
  'cannot-tell': 'nobody can tell yet whether joining helped',
} as const;

const origins = {
  received: 'what was received',
  tuned: 'what was tuned',
  final: 'what everybody came to in the last round',
  mean: 'the mean of what was tuned last',
  mix: 'a mean of what was received and tuned',
  alone: 'what was tuned alone',
  'alone-mean': 'the mean of what was tuned alone last',
} as const;

function errorsAsObjects(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { code: 'code' in value ? value.code : null, message: value.message };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

const leftBecause = {
  asked: 'left',
  replaced: 'this key joined from elsewhere; this client stops',
  removed:
    'the operator removed this client from the federation; it stops. What it has is kept: join again to come back',
} as const;
