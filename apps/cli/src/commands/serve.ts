import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Coordinator,
  type CoordinatorOptions,
  createCoordinator,
  createLogger,
  openApiDocument,
} from '@perfit/coordinator';
import { type FederationConfigInput, type Host, hostSchema } from '@perfit/protocol';
import { Command, Option } from 'commander';
import type { Logger } from 'pino';
import { configurationAsJson, describeConfiguration, hasOption, shownFallback } from '../configuration/describe.ts';
import { optionOf, readConfiguration } from '../configuration/read-configuration.ts';
import { type Configuration, type SettingName, settingNames, settings } from '../configuration/settings.ts';
import { endOn } from '../end-on.ts';
import { UsageError } from '../explain.ts';
import { wholeNumber } from '../numbers.ts';
import { registerStrategies, strategyOption } from '../own-strategy.ts';

interface Flags extends Partial<Configuration> {
  readonly config?: string;
  readonly printConfig: boolean;
  readonly json: boolean;
  readonly printOpenapi: boolean;
  readonly strategy: readonly string[];
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
  const command = new Command('serve')
    .description('runs a coordinator: federations, storage, the operator page and the web client on one port')
    .option('--config <file>', 'a YAML file of settings; the environment goes before it, and options before both')
    .option('--print-config', 'print the settings in force and where each comes from, and end', false)
    .option('--print-openapi', 'print the OpenAPI document of the REST part, and end', false)
    .option('--json', 'one JSON object a line on standard output instead of sentences', false)
    .addOption(strategyOption());
  for (const name of settingNames) if (hasOption(name)) command.addOption(optionFor(name));
  return command
    .addHelpText(
      'after',
      '\nPERFIT_OPERATOR_PASSWORD sets the password of "operator"; without it one is made at the first start and printed once.\ndocs/operating.md names the environment variable of each setting.',
    )
    .action(serve);
}

/** Without a default: what nobody says may stand in the environment or the file. */
function optionFor(name: SettingName): Option {
  const { sentence, kind } = settings[name].about;
  const values = { text: ' <text>', path: ' <path>', whole: ' <n>', list: ' <value...>', 'yes-or-no': '' };
  const fallback = kind === 'yes-or-no' ? '' : shownFallback(name);
  const text = fallback ? `${sentence} (default: ${fallback})` : sentence;
  const option = new Option(`${optionOf(name)}${values[kind]}`, text.replaceAll('`', ''));
  return kind === 'whole' ? option.argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)) : option;
}

async function serve({ config, printConfig, printOpenapi, json, strategy, ...options }: Flags): Promise<void> {
  if (printOpenapi) {
    process.stdout.write(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
    return;
  }
  const read = readConfiguration({ file: config, environment: process.env, options, folder: process.cwd() });
  if (printConfig) {
    const text = json ? `${JSON.stringify(configurationAsJson(read))}\n` : describeConfiguration(read);
    process.stdout.write(text);
    return;
  }
  const { values } = read;
  await registerStrategies(strategy);
  const logger = createLogger(values.logLevel);
  const coordinator = await createCoordinator(optionsOf(values, logger));
  const end = endOn(['SIGINT', 'SIGTERM']);
  const federations = await openFederations(coordinator, values);
  announce(coordinator, federations, json);
  await end;
  await coordinator.close();
}

function optionsOf(values: Configuration, logger: Logger): CoordinatorOptions {
  const { databaseUrl, operatorPassword: password } = values;
  const { messagesPerSecond, connectionsPerAddress, uploads, clientsPerFederation, loginFailures } = values;
  return {
    dataDirectory: values.data,
    modelsDirectory: values.models,
    host: values.host,
    port: values.port,
    origins: values.origin,
    allowHub: values.allowHub,
    trustProxy: values.trustProxy,
    limits: { messagesPerSecond, connectionsPerAddress, uploads, clientsPerFederation, loginFailures },
    logger,
    ...(existsSync(join(values.web, 'index.html')) ? { webRoot: values.web } : {}),
    ...hostOf(values),
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(password ? { operator: { name: 'operator', password } } : {}),
  };
}

function hostOf({ runBy, contact }: Configuration): { runBy?: Host } {
  if (runBy === undefined && contact === undefined) return {};
  const host = hostSchema.safeParse({ name: runBy, contact });
  if (!host.success) throw new UsageError(`runBy and contact: ${host.error.issues[0]?.message}.`);
  return { runBy: host.data };
}

async function openFederations(
  coordinator: Coordinator,
  { empty }: Configuration,
): Promise<{ name: string; joinUrl: string }[]> {
  const known = await coordinator.openFederations();
  if (known.length || empty) return known;
  const { id, joinUrl } = await coordinator.createFederation(starterFederation);
  await coordinator.act(id, 'start');
  return [{ name: starterFederation.name, joinUrl }];
}

function announce(coordinator: Coordinator, federations: { name: string; joinUrl: string }[], json: boolean): void {
  if (json) {
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
