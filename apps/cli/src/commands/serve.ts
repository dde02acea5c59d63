import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Coordinator, createCoordinator, openApiDocument } from '@perfit/coordinator';
import { type FederationConfigInput, type Host, hostSchema } from '@perfit/protocol';
import { Command } from 'commander';
import { pino } from 'pino';
import { UsageError } from '../explain.ts';
import { wholeNumber } from '../numbers.ts';

const projectRoot = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly models: string;
  readonly web: string;
  readonly databaseUrl?: string;
  readonly origin: string[];
  readonly allowHub: boolean;
  readonly runBy?: string;
  readonly contact?: string;
  readonly empty: boolean;
  readonly json: boolean;
  readonly logLevel: string;
  readonly printOpenapi: boolean;
}

/** What a first start offers, so that the printed join address leads somewhere. */
const starterFederation: FederationConfigInput = {
  name: 'First federation',
  description: 'Made at the first start, to try things out: two tabs, three rounds, the demonstration model.',
  model: 'perfit-nano',
  schedule: { rounds: 3, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 900 },
  tuning: { learningRate: 4e-3 },
};

export function serveCommand(): Command {
  return new Command('serve')
    .description('runs a coordinator: federations, storage, the operator page and the web client on one port')
    .option('--host <address>', 'the address to listen on', 'localhost')
    .option('--port <n>', 'the port; 0 takes a free one', wholeNumber(0, 65535), 4173)
    .option('--data <dir>', 'where federations and adapters are kept', join(projectRoot, '.perfit', 'coordinator'))
    .option('--models <dir>', 'a folder of Hugging Face model folders', join(projectRoot, 'models'))
    .option('--web <dir>', 'the built web client', join(projectRoot, 'apps', 'web-client', 'dist'))
    .option('--database-url <url>', 'a Postgres server instead of the embedded one (or DATABASE_URL)')
    .option('--origin <url...>', 'further origins whose pages may connect', [])
    .option('--allow-hub', 'let pages read models from the Hugging Face Hub', false)
    .option(
      '--run-by <name>',
      'who runs federations that name nobody themselves: shown to everybody who is asked to join',
    )
    .option('--contact <address>', 'how to reach them: https: and mailto: addresses become links')
    .option('--empty', 'do not make a first federation', false)
    .option('--json', 'one JSON object a line on standard output instead of sentences', false)
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'warn')
    .option('--print-openapi', 'print the OpenAPI document of the REST part, and serve nothing', false)
    .addHelpText(
      'after',
      '\nPERFIT_OPERATOR_PASSWORD sets the password of "operator" at the first start; without it one is made and printed once.',
    )
    .action(serve);
}

async function serve(flags: Flags): Promise<void> {
  if (flags.printOpenapi) {
    process.stdout.write(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
    return;
  }
  const logger = pino({ level: flags.logLevel }, pino.destination(2));
  const databaseUrl = flags.databaseUrl ?? process.env.DATABASE_URL;
  const password = process.env.PERFIT_OPERATOR_PASSWORD;
  const web = resolve(flags.web);
  const coordinator = await createCoordinator({
    dataDirectory: resolve(flags.data),
    modelsDirectory: resolve(flags.models),
    host: flags.host,
    port: flags.port,
    origins: flags.origin,
    allowHub: flags.allowHub,
    logger,
    ...(existsSync(join(web, 'index.html')) ? { webRoot: web } : {}),
    ...hostOf(flags),
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(password ? { operator: { name: 'operator', password } } : {}),
  });
  const end = endOn(['SIGINT', 'SIGTERM']);
  const federations = await openFederations(coordinator, flags);
  announce(coordinator, federations, flags);
  await end;
  await coordinator.close();
}

function hostOf({ runBy, contact }: Flags): { runBy?: Host } {
  if (runBy === undefined && contact === undefined) return {};
  const host = hostSchema.safeParse({ name: runBy, contact });
  if (!host.success) throw new UsageError(`--run-by and --contact: ${host.error.issues[0]?.message}.`);
  return { runBy: host.data };
}

async function openFederations(coordinator: Coordinator, flags: Flags): Promise<{ name: string; joinUrl: string }[]> {
  const known = await coordinator.openFederations();
  if (known.length || flags.empty) return known;
  const { id, joinUrl } = await coordinator.createFederation(starterFederation);
  await coordinator.act(id, 'start');
  return [{ name: starterFederation.name, joinUrl }];
}

function announce(coordinator: Coordinator, federations: { name: string; joinUrl: string }[], flags: Flags): void {
  if (flags.json) {
    const { url, operator } = coordinator;
    process.stdout.write(`${JSON.stringify({ event: 'listening', url, operator, federations })}\n`);
    return;
  }
  const { name, password } = coordinator.operator;
  const lines = federations.map((federation) => `Join "${federation.name}": ${federation.joinUrl}`);
  lines.push(`Operator page: ${new URL('/operator', coordinator.url).href}`);
  lines.push(
    password
      ? `Log in as ${name} with ${password} (shown only now)`
      : `Log in as ${name} with the password of the first start`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}

function endOn(signals: NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve());
  });
}
